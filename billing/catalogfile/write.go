package catalogfile

import (
	"io"
	"slices"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/exactyaml"
)

// Write writes plan versions as a file in YAML. The newest version of each plan stands there without its number, so that
// editing it makes the next one; Read and Compare find the file unchanged. The plans come ordered by id and version.
func Write(w io.Writer, plans []catalog.Plan) error {
	file := Of(plans)
	for i, plan := range plans {
		if !slices.ContainsFunc(plans[i+1:], func(p catalog.Plan) bool { return p.ID == plan.ID }) {
			file[i].Version = 0
		}
	}
	return exactyaml.Encode(w, file)
}
