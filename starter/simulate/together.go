package simulate

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/perennial-billing/perennial/internal/store"
)

// together groups subscriptions with all others that share coupons with them, also such as were not billed in the range: what
// one takes of a coupon the others have less. Where nobody has coupons for all of theirs, each is by itself.
func together(
	ctx context.Context, q store.Queries, in store.HistoryRange, entries []store.HistoryEntry, coupons bool,
) ([][]store.HistoryEntry, error) {
	if !coupons {
		return grouped(entries, nil), nil
	}
	read := map[string]bool{}
	for _, e := range entries {
		read[e.ID] = true
	}
	shares, err := q.CouponShares(ctx, slices.Sorted(maps.Keys(read)), in.To)
	if err != nil {
		return nil, err
	}
	var others []string
	for _, share := range shares {
		if !read[share.SubscriptionID] {
			read[share.SubscriptionID], others = true, append(others, share.SubscriptionID)
		}
	}
	more, err := q.HistoryOf(ctx, in, others)
	return grouped(append(entries, more...), shares), err
}

// grouped puts the subscriptions of each customer into one group, and groups that have one in common.
func grouped(entries []store.HistoryEntry, shares []store.CouponShare) [][]store.HistoryEntry {
	with := map[string]string{} // towards the subscription that stands for its group
	leads := func(id string) string {
		for with[id] != "" {
			id = with[id]
		}
		return id
	}
	for i, share := range shares {
		if i == 0 || shares[i-1].CustomerID != share.CustomerID {
			continue
		}
		if a, b := leads(shares[i-1].SubscriptionID), leads(share.SubscriptionID); a != b {
			with[b] = a
		}
	}
	var groups [][]store.HistoryEntry
	place := map[string]int{}
	for _, e := range entries {
		lead := leads(e.ID)
		at, known := place[lead]
		if !known {
			at = len(groups)
			place[lead], groups = at, append(groups, nil)
		}
		groups[at] = append(groups[at], e)
	}
	for _, group := range groups {
		slices.SortFunc(group, func(a, b store.HistoryEntry) int { return cmp.Compare(a.ID, b.ID) })
	}
	return groups
}

// portions are groups with some subscriptions at a time: as many as fit, or one group that is larger.
func portions(groups [][]store.HistoryEntry, most int) iter.Seq[[][]store.HistoryEntry] {
	return func(yield func([][]store.HistoryEntry) bool) {
		first, size := 0, 0
		for i, group := range groups {
			if i > first && size+len(group) > most {
				if !yield(groups[first:i]) {
					return
				}
				first, size = i, 0
			}
			size += len(group)
		}
		if first < len(groups) {
			yield(groups[first:])
		}
	}
}

// without are the entries that are not among those done, of which each comes once.
func without(entries []store.HistoryEntry, done map[string]bool) []store.HistoryEntry {
	return slices.DeleteFunc(entries, func(e store.HistoryEntry) bool {
		is := done[e.ID]
		delete(done, e.ID)
		return is
	})
}
