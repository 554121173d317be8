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
	for _, e := range f.inOrder() {
		delete(absent, e.ID)
		change, err := e.compare(known[e.ID])
		if err != nil {
			return nil, err
		}
		if change.added != nil {
			known[e.ID] = append(known[e.ID], *change.added)
		}
		all = append(all, change)
	}
	for _, id := range slices.Sorted(maps.Keys(absent)) {
		versions := absent[id]
		all = append(all, Change{Plan: id, Standing: Absent, Version: versions[len(versions)-1].Version})
	}
	return all, nil
}

// inOrder lists the entries with the versions of each plan in order: the one without a number is the newest.
func (f File) inOrder() []entry {
	entries := slices.Clone(f.entries)
	place := map[string]int{}
	for i, e := range f.entries {
		if _, known := place[e.ID]; !known {
			place[e.ID] = i
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(place[a.ID], place[b.ID]), cmp.Compare(uint(a.Version-1), uint(b.Version-1)))
	})
	return entries
}

// compare is what an entry means, given the known versions of its plan in order.
func (e entry) compare(known []catalog.Plan) (Change, error) {
	if i := slices.IndexFunc(known, func(p catalog.Plan) bool { return p.Version == e.Version }); i >= 0 {
		return e.same(known[i])
	}
	change := Change{Plan: e.ID, Standing: New, Version: max(e.Version, 1)}
	if len(known) > 0 {
		newest := known[len(known)-1]
		differences, err := catalog.Diff(newest, e.Plan)
		switch {
		case err != nil:
			return change, err
		case e.Version == 0 && len(differences) == 0:
			return Change{Plan: e.ID, Standing: Unchanged, Version: newest.Version}, nil
		case e.Version != 0 && e.Version < newest.Version:
			return change, fmt.Errorf("plan %q: version %d is older than the newest, %d: leave it out, or give %d",
				e.ID, e.Version, newest.Version, newest.Version+1)
		case newest.Version == math.MaxInt32:
			return change, fmt.Errorf("plan %q: there is no version after %d", e.ID, newest.Version)
		}
		change = Change{
			Plan: e.ID, Standing: Changed, Version: cmp.Or(e.Version, newest.Version+1), From: newest.Version, Differences: differences,
		}
	}
	added := e.plan(change.Version)
	change.added = &added
	return change, nil
}

// same requires of a version that is sold that the file has not changed it.
func (e entry) same(sold catalog.Plan) (Change, error) {
	differences, err := catalog.Diff(sold, e.Plan)
	if err != nil {
		return Change{}, err
	}
	if len(differences) > 0 {
		texts := make([]string, len(differences))
		for i, d := range differences {
			texts[i] = d.String()
		}
		return Change{}, fmt.Errorf("plan %q version %d is sold and never changes, but the file differs (%s): leave the version out to make it the next one",
			e.ID, e.Version, strings.Join(texts, "; "))
	}
	return Change{Plan: e.ID, Standing: Unchanged, Version: sold.Version}, nil
}
