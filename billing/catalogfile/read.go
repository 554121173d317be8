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

// Plan is a plan of the file, whose version may be left out.
type Plan struct {
	Version int `json:"version,omitempty" minimum:"1"` // in place of the plan's
	catalog.Plan
}

// File is a catalogue as it was written, by itself or as a part of another document. It says what it says only once it was
// checked.
type File []Plan

// Read reads a list of plans in YAML, or in JSON, and checks each of them. Errors begin with the path of the field, such as
// "[2].charges[0].prices.USD: …". Numbers are read exactly.
func Read(r io.Reader) (File, error) {
	var file File
	if err := (exactyaml.Format{Name: "catalogue", Manual: "docs/catalogue.md"}).Decode(r, &file); err != nil {
		return nil, err
	}
	return file, file.Check()
}

// Of is a file of plans with all their versions.
func Of(plans []catalog.Plan) File {
	file := make(File, len(plans))
	for i, plan := range plans {
		file[i] = Plan{Version: plan.Version, Plan: plan}
	}
	return file
}

// Check checks each plan, and those of one id together. Errors begin with the path of the field, such as "[2].interval".
func (f File) Check() error {
	plans := f.Plans()
	for i, plan := range plans {
		if err := plan.ValidateFields(); err != nil {
			return fmt.Errorf("[%d].%w", i, err)
		}
		if err := plan.CheckProduct(plans[:i]); err != nil {
			return fmt.Errorf("[%d].%w", i, err)
		}
	}
	return f.checkVersions()
}

// under is the plan under a version.
func (p Plan) under(version int) catalog.Plan {
	plan := p.Plan
	plan.Version = version
	return plan
}

// PlanIDs lists the plans of the file, each once.
func (f File) PlanIDs() []string {
	ids := make([]string, len(f))
	for i, p := range f {
		ids[i] = p.ID
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Plans lists the plans as they are written. One without a version comes after the versions of its plan that the file has.
func (f File) Plans() []catalog.Plan {
	newest := map[string]int{}
	for _, p := range f {
		newest[p.ID] = max(newest[p.ID], p.Version)
	}
	plans := make([]catalog.Plan, len(f))
	for i, p := range f {
		plans[i] = p.under(p.Version)
		if p.Version == 0 {
			plans[i].Version = newest[p.ID] + 1
		}
	}
	return plans
}

func (f File) checkVersions() error {
	type version struct {
		id     string
		number int
	}
	seen := make(map[version]bool, len(f))
	for i, p := range f {
		key := version{p.ID, p.Version}
		switch {
		case seen[key] && p.Version == 0:
			return fmt.Errorf("[%d]: plan %q is there twice without a version: give all but the newest their versions", i, p.ID)
		case seen[key]:
			return fmt.Errorf("[%d]: plan %q version %d is defined twice", i, p.ID, p.Version)
		}
		seen[key] = true
	}
	return nil
}
