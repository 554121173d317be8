package catalogfile

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/perennial-billing/perennial/billing/catalog"
)

// Standing is how a plan of the file stands to what is sold.
type Standing string

// How plans stand.
const (
	New       Standing = "new"       // not sold yet
	Changed   Standing = "changed"   // differs from its newest version, and becomes the next one
	Unchanged Standing = "unchanged" // is sold as it stands
	Absent    Standing = "absent"    // is sold, and not in the file: it stays
)

// Change is what the file means for a version of a plan.
type Change struct {
	Plan     string   `json:"plan"`
	Standing Standing `json:"standing"`
	// Version is the one that the plan is or becomes, From the newest one that it differs from.
	Version     int                  `json:"version"`
	From        int                  `json:"from,omitempty"`
	Differences []catalog.Difference `json:"differences,omitempty"`
	// added is what is to be added.
	added *catalog.Plan
}

// Comparison is what a file would add.
type Comparison []Change

// Added lists the plan versions that are not sold yet, in the order in which they are to be added.
func (c Comparison) Added() []catalog.Plan {
	var plans []catalog.Plan
	for _, change := range c {
		if change.added != nil {
			plans = append(plans, *change.added)
		}
	}
	return plans
}

// Compare says plan by plan what the file adds to the versions that are sold. A plan without a version that differs from
// its newest version becomes the next one; whoever gives a version that is sold must mean the same by it, and a new one
// must follow the newest. Plans that the file lacks are listed last.
func (f File) Compare(sold []catalog.Plan) (Comparison, error) {
	known := map[string][]catalog.Plan{}
	for _, plan := range sold {
		known[plan.ID] = append(known[plan.ID], plan)
	}
	for _, versions := range known {
		slices.SortFunc(versions, func(a, b catalog.Plan) int { return cmp.Compare(a.Version, b.Version) })
	}
	absent := maps.Clone(known)
	var all Comparison
	for _, p := range f.inOrder() {
		delete(absent, p.ID)
		change, err := p.compare(known[p.ID])
		if err != nil {
			return nil, err
		}
		if change.added != nil {
			known[p.ID] = append(known[p.ID], *change.added)
		}
		all = append(all, change)
	}
	for _, id := range slices.Sorted(maps.Keys(absent)) {
		versions := absent[id]
		all = append(all, Change{Plan: id, Standing: Absent, Version: versions[len(versions)-1].Version})
	}
	return all, nil
}

// inOrder lists the plans with the versions of each in order: the one without a number is the newest.
func (f File) inOrder() File {
	sorted := slices.Clone(f)
	place := map[string]int{}
	for i, p := range f {
		if _, known := place[p.ID]; !known {
			place[p.ID] = i
		}
	}
	slices.SortStableFunc(sorted, func(a, b Plan) int {
		return cmp.Or(cmp.Compare(place[a.ID], place[b.ID]), cmp.Compare(uint(a.Version-1), uint(b.Version-1)))
	})
	return sorted
}

// compare is what a plan of the file means, given its known versions in order.
func (p Plan) compare(known []catalog.Plan) (Change, error) {
	if i := slices.IndexFunc(known, func(k catalog.Plan) bool { return k.Version == p.Version }); i >= 0 {
		return p.same(known[i])
	}
	if err := p.CheckProduct(known); err != nil {
		return Change{}, fmt.Errorf("plan %q: %w", p.ID, err)
	}
	change := Change{Plan: p.ID, Standing: New, Version: max(p.Version, 1)}
	if len(known) > 0 {
		newest := known[len(known)-1]
		differences, err := catalog.Diff(newest, p.Plan)
		switch {
		case err != nil:
			return change, err
		case p.Version == 0 && len(differences) == 0:
			return Change{Plan: p.ID, Standing: Unchanged, Version: newest.Version}, nil
		case p.Version != 0 && p.Version < newest.Version:
			return change, fmt.Errorf("plan %q: version %d is older than the newest, %d: leave it out, or give %d",
				p.ID, p.Version, newest.Version, newest.Version+1)
		case newest.Version == math.MaxInt32:
			return change, fmt.Errorf("plan %q: there is no version after %d", p.ID, newest.Version)
		}
		change = Change{
			Plan: p.ID, Standing: Changed, Version: cmp.Or(p.Version, newest.Version+1), From: newest.Version, Differences: differences,
		}
	}
	added := p.under(change.Version)
	change.added = &added
	return change, nil
}

// same requires of a version that is sold that the file has not changed it.
func (p Plan) same(sold catalog.Plan) (Change, error) {
	differences, err := catalog.Diff(sold, p.Plan)
	if err != nil {
		return Change{}, err
	}
	if len(differences) > 0 {
		texts := make([]string, len(differences))
		for i, d := range differences {
			texts[i] = d.String()
		}
		return Change{}, fmt.Errorf("plan %q version %d is sold and never changes, but the file differs (%s): leave the version out to make it the next one",
			p.ID, p.Version, strings.Join(texts, "; "))
	}
	return Change{Plan: p.ID, Standing: Unchanged, Version: sold.Version}, nil
}
