package stripe

// Endpoints are the methods and paths of the API that the sandbox serves.
func Endpoints() []string {
	var patterns []string
	for _, e := range endpoints() {
		patterns = append(patterns, e.method+" "+e.path)
	}
	return patterns
}
