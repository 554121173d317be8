package devstack

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const modulePath = "github.com/perennial-billing/perennial"

// devserverSource finds the devserver folder by walking up from the working directory to the root of this
// repository.
func devserverSource() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("looking for the sources of the development Temporal server: %w", err)
	}
	return sourceAbove(dir)
}

func sourceAbove(start string) (string, error) {
	for dir := start; ; dir = filepath.Dir(dir) {
		if isOurModule(filepath.Join(dir, "go.mod")) {
			return filepath.Join(dir, "devserver"), nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no Temporal server: %s is not inside a checkout of %s, from which one could be built; "+
				"run from there, or set TEMPORAL_ADDRESS to a running server, or %s to the path of a built development server",
				start, modulePath, BinaryVariable)
		}
	}
}

func isOurModule(goMod string) bool {
	content, err := os.ReadFile(goMod) //nolint:gosec // the go.mod we look for upwards from where we stand
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "module" {
			return fields[1] == modulePath
		}
	}
	return false
}
