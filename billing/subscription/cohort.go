package subscription

import (
	"hash/fnv"
	"io"
)

// InCohort says whether a subscription is among the given per cent of all, from 0 to 100. It follows from the id alone: who
// is in a cohort is in every larger one.
func InCohort(subscriptionID string, percent int) bool {
	hash := fnv.New64a()
	_, _ = io.WriteString(hash, subscriptionID) // a hash takes everything
	return hash.Sum64()%100 < uint64(max(percent, 0))
}
