package service_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/service"
)

// A list of what belongs to somebody unknown is refused by the name of the filter: an empty one would say that there is nothing.
func TestListsOfNobodyAreRefused(t *testing.T) {
	t.Parallel()
	ctx, svc := t.Context(), running.Service
	for name, list := range map[string]func() error{
		"checkouts":     func() error { _, err := svc.Checkouts(ctx, service.CheckoutQuery{Customer: "nobody"}); return err },
		"disputes":      func() error { _, err := svc.Disputes(ctx, service.DisputeQuery{Customer: "nobody"}); return err },
		"invoices":      func() error { _, err := svc.Invoices(ctx, service.InvoiceQuery{Customer: "nobody"}); return err },
		"mails":         func() error { _, err := svc.Mails(ctx, service.MailFilter{Customer: "nobody"}); return err },
		"payments":      func() error { _, err := svc.Payments(ctx, service.PaymentQuery{Customer: "nobody"}); return err },
		"reviews":       func() error { _, err := svc.Reviews(ctx, service.ReviewQuery{Customer: "nobody"}); return err },
		"subscriptions": func() error { _, err := svc.Subscriptions(ctx, "", "nobody", "", 0); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := requireKind(t, list(), service.Invalid, "invalid_fields")
			require.Equal(t, []service.Field{{Name: "customer", Message: `customer "nobody": not found`}}, e.Fields)
		})
	}
	for field, q := range map[string]service.InvoiceQuery{"entity": {Entity: "nobody"}, "subscription": {Subscription: "nothing"}} {
		_, err := svc.Invoices(ctx, q)
		require.Equal(t, field, requireKind(t, err, service.Invalid, "invalid_fields").Fields[0].Name)
	}
	_, err := svc.Payments(ctx, service.PaymentQuery{Invoice: "nothing"})
	require.Equal(t, "invoice", requireKind(t, err, service.Invalid, "invalid_fields").Fields[0].Name)
	_, err = svc.Disputes(ctx, service.DisputeQuery{Payment: "nothing"})
	require.Equal(t, "payment", requireKind(t, err, service.Invalid, "invalid_fields").Fields[0].Name)
}
