package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/starter/service"
)

// billingGroupFlags are what a subscription shares its invoices with.
func billingGroupFlags(c *cobra.Command, in *service.BillingGroup) {
	c.Flags().StringVar(&in.BillingGroup, "billing-group", "", "shares invoices with the customer's subscriptions in the same group (default: none)")
	c.Flags().StringVar(&in.PONumber, "po-number", "", "the customer's purchase order, which is on the invoices")
}

func (p *program) setBillingGroup() *cobra.Command {
	var in service.BillingGroup
	c := &cobra.Command{
		Use: "set-billing-group ID", Short: "Say what a subscription shares its invoices with", Args: cobra.ExactArgs(1),
		Long: `Say what a subscription shares its invoices with, and which purchase order is on them, from the next invoice on. Subscriptions of one
customer with the same group and purchase order share the invoice of what falls due at one instant: their renewals, and the monthly run.
--billing-group "" gives the subscription invoices of its own. Repeating it changes nothing.`,
		Example: `  go run ./starter subscription set-billing-group erika-pro --billing-group office --po-number PO-4711
  go run ./starter subscription set-billing-group erika-pro --billing-group ""`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			changed, err := svc.SetBillingGroup(ctx, args[0], in)
			if err != nil {
				return err
			}
			return p.printSubscription(changed.Subscription, changed)
		}),
	}
	billingGroupFlags(c, &in)
	return needs(c, "billing-group")
}
