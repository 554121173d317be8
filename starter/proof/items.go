package proof

import (
	"context"

	"github.com/perennial-billing/perennial/internal/store"
)

// itemsBilledOnce adds what contradicts that each one-off charge and adjustment is on one invoice, canceled, or still to be
// billed.
func itemsBilledOnce(ctx context.Context, db *store.Store, p *Proof) error {
	faults, err := db.ItemFaults(ctx)
	for _, fault := range faults {
		p.fault("charge %s of subscription %s %s", fault.ItemID, fault.SubscriptionID, fault.Problem)
	}
	return err
}
