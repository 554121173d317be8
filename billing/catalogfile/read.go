// Package catalogfile keeps a catalogue as a file of plans: it reads one, says what the file would add to what is sold
// already, and writes one. In the file a plan may leave out its version, which then follows from what is sold.
package catalogfile

import (
	"fmt"
	"io"
	"slices"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/exactyaml"
)

// entry is a plan of the file, whose version may be left out.
type entry struct {
	Version int `json:"version,omitempty" minimum:"1"` // in place of the plan's
	catalog.Plan
}

// File is a catalogue as it was written.
type File struct{ entries []entry }

// Read reads a list of plans in YAML, or in JSON, and checks each of them. Errors begin with the path of the field, such as
// "[2].charges[0].prices.USD: …". Numbers are read exactly.
func Read(r io.Reader) (File, error) {
	var file File
	if err := (exactyaml.Format{Name: "catalogue", Manual: "docs/catalogue.md"}).Decode(r, &file.entries); err != nil {
		return File{}, err
	}
	for i, e := range file.entries {
		plan := e.plan(max(e.Version, 1))
		if err := plan.ValidateFields(); err != nil {
			return File{}, fmt.Errorf("[%d].%w", i, err)
		}
	}
	return file, file.checkVersions()
}

// plan is the entry under a version.
func (e entry) plan(version int) catalog.Plan {
	plan := e.Plan
	plan.Version = version
	return plan
}

// PlanIDs lists the plans of the file, each once.
func (f File) PlanIDs() []string {
	ids := make([]string, len(f.entries))
	for i, e := range f.entries {
		ids[i] = e.ID
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Plans lists the plans as they are written. One without a version comes after the versions of its plan that the file has.
func (f File) Plans() []catalog.Plan {
	newest := map[string]int{}
	for _, e := range f.entries {
		newest[e.ID] = max(newest[e.ID], e.Version)
	}
	plans := make([]catalog.Plan, len(f.entries))
	for i, e := range f.entries {
		plans[i] = e.plan(e.Version)
		if e.Version == 0 {
			plans[i].Version = newest[e.ID] + 1
		}
	}
	return plans
}

func (f File) checkVersions() error {
	type version struct {
		id     string
		number int
	}
	seen := make(map[version]bool, len(f.entries))
	for i, e := range f.entries {
		key := version{e.ID, e.Version}
		switch {
		case seen[key] && e.Version == 0:
			return fmt.Errorf("[%d]: plan %q is there twice without a version: give all but the newest their versions", i, e.ID)
		case seen[key]:
			return fmt.Errorf("[%d]: plan %q version %d is defined twice", i, e.ID, e.Version)
		}
		seen[key] = true
	}
	return nil
}
