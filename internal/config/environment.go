package config

import (
	"slices"
	"strings"
)

// Environment is a list of "NAME=value" as os.Environ returns it. Of several entries for a name the last counts.
type Environment []string

// With returns the environment with a variable set.
func (e Environment) With(name, value string) Environment {
	return append(slices.Clone(e), name+"="+value)
}

// Getenv returns a variable's value, empty when it is not set.
func (e Environment) Getenv(name string) string {
	value, _ := e.LookupEnv(name)
	return value
}

// LookupEnv returns a variable's value and whether it is set.
func (e Environment) LookupEnv(name string) (string, bool) {
	for _, entry := range slices.Backward(e) {
		if key, value, ok := strings.Cut(entry, "="); ok && key == name {
			return value, true
		}
	}
	return "", false
}

// Environ returns the entries.
func (e Environment) Environ() []string { return e }
