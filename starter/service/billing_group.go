package service

import "context"

// BillingGroup says what a subscription shares its invoices with, and which purchase order is on them.
type BillingGroup struct {
	BillingGroup string `json:"billing_group,omitempty" doc:"Shares invoices with the customer's others in the same group; its own when empty." example:"office"`
	PONumber     string `json:"po_number,omitempty" doc:"The customer's purchase order, on the invoices; different ones share none." example:"PO-4711"`
}

const longestGroup = 100

func (g BillingGroup) check(p *problems) {
	for field, text := range map[string]string{"billing_group": g.BillingGroup, "po_number": g.PONumber} {
		if text != "" {
			p.check(field, checkText(text, longestGroup))
		}
	}
}

// SetBillingGroup changes what a subscription's next invoices are shared with, and the purchase order on them. Repeating it
// changes nothing.
func (s *Service) SetBillingGroup(ctx context.Context, subscriptionID string, in BillingGroup) (Subscription, error) {
	var p problems
	in.check(&p)
	if err := p.err(); err != nil {
		return Subscription{}, err
	}
	if _, err := s.Subscription(ctx, subscriptionID); err != nil {
		return Subscription{}, err
	}
	if err := s.store.SetBillingGroup(ctx, subscriptionID, in.BillingGroup, in.PONumber); err != nil {
		return Subscription{}, err
	}
	row, err := s.Subscription(ctx, subscriptionID)
	return Subscription{Subscription: row}, err
}
