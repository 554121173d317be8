package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/starter/service"
)

// accountFlags are who is above a customer, and who gets and pays the invoices.
func accountFlags(c *cobra.Command, in *service.Account) {
	c.Flags().StringVar(&in.Parent, "parent", "", "the customer above, such as the headquarters of a branch")
	c.Flags().StringVar(&in.InvoicedTo, "invoiced-to", "", "in whose name the invoices are: self or parent (default self)")
	c.Flags().StringVar(&in.PaidBy, "paid-by", "", "whose payment methods pay the invoices: self or parent (default self)")
}

func (p *program) setAccount() *cobra.Command {
	var in service.Account
	c := &cobra.Command{
		Use: "set-account ID", Short: "Say who is above a customer, and who gets and pays the invoices", Args: cobra.ExactArgs(1),
		Long: `Say who is above a customer, in whose name the customer's invoices are, and who pays them. All three are replaced: what is left
out is self, and --parent "" takes the customer out of the family. Invoices that were issued stay with whom they were; credit for what
they charged goes to the one in whose name they are. Repeating it changes nothing.`,
		Example: `  go run ./starter customer set-account branch --parent headquarters --paid-by parent
  go run ./starter customer set-account branch --parent headquarters --invoiced-to parent --paid-by parent
  go run ./starter customer set-account branch --parent ""`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			changed, err := svc.SetAccount(ctx, args[0], in)
			if err != nil {
				return err
			}
			return p.printCustomer(changed)
		}),
	}
	accountFlags(c, &in)
	return needs(c, "parent")
}

// above words who takes something over for a customer; empty for who has nobody above.
func above(c service.Customer, owner account.Owner) string {
	if c.ParentID == nil {
		return ""
	}
	return string(owner)
}
