package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) coupons() *cobra.Command {
	return p.group("coupon", "Offer coupons, and give them to customers",
		p.addCoupons(), p.listCoupons(), p.addCode(), p.redeemCoupon(), p.listDiscounts(), p.removeDiscount())
}

func (p *program) addCoupons() *cobra.Command {
	var entity, file string
	c := &cobra.Command{
		Use: "add", Short: "Add the coupons of a list in JSON; known ones stay as they are", Args: cobra.NoArgs,
		Long:    "Add the coupons of a list in JSON. What was promised does not change: other terms need another id. The rules are in docs/credits.md.",
		Example: "  go run ./starter coupon add --entity acme --file docs/examples/coupons.json",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			return p.withFile(file, func(r io.Reader) error {
				added, err := svc.AddCoupons(ctx, entity, r)
				if err != nil {
					return err
				}
				return p.showCoupons(added)
			})
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "legal entity that offers them")
	c.Flags().StringVar(&file, "file", "", "the coupons; - reads standard input")
	return needs(c, "entity", "file")
}

func (p *program) listCoupons() *cobra.Command {
	var entity string
	c := &cobra.Command{
		Use: "list", Short: "List a legal entity's coupons", Args: cobra.NoArgs,
		Example: "  go run ./starter coupon list --entity acme",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			coupons, err := svc.Coupons(ctx, entity)
			if err != nil {
				return err
			}
			return p.showCoupons(coupons)
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "legal entity that offers them")
	return needs(c, "entity")
}

func (p *program) showCoupons(coupons []discount.Coupon) error {
	return p.show(coupons, func(out io.Writer) error {
		rows := make([][]any, len(coupons))
		for i, c := range coupons {
			rows[i] = []any{c.ID, c.Name, takenOff(c), lasting(c), concerns(c.AppliesTo)}
		}
		return table(out, "coupon|name|off|duration|for", rows)
	})
}

// takenOff is what a coupon takes off: a percentage, or an amount in each of its currencies.
func takenOff(c discount.Coupon) string {
	if !c.PercentOff.IsZero() {
		return c.PercentOff.String() + " %"
	}
	var amounts []string
	for _, currency := range slices.Sorted(maps.Keys(c.AmountOff)) {
		amounts = append(amounts, fmt.Sprintf("%s %s", currency, c.AmountOff[currency]))
	}
	return strings.Join(amounts, ", ")
}

// lasting is how long a coupon takes something off.
func lasting(c discount.Coupon) string {
	if c.Duration != discount.Periods {
		return string(c.Duration)
	}
	return fmt.Sprintf("periods: %d", c.Periods)
}

// concerns says what a coupon is for, empty for everything.
func concerns(t discount.Target) string {
	var words []string
	for _, list := range []struct {
		what string
		ids  []string
	}{{"products", t.Products}, {"plans", t.Plans}, {"charges", t.Charges}} {
		if len(list.ids) > 0 {
			words = append(words, list.what+" "+strings.Join(list.ids, ", "))
		}
	}
	return strings.Join(words, "; ")
}

func (p *program) addCode() *cobra.Command {
	var entity, expires string
	var code discount.Code
	c := &cobra.Command{
		Use: "code CODE", Short: "Add a code with which customers redeem a coupon", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter coupon code SPRING-27 --entity acme --coupon spring --max-redemptions 500 --expires 2027-06-01T00:00:00Z",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			code.Text = args[0]
			if expires != "" {
				at, err := time.Parse(time.RFC3339, expires)
				if err != nil {
					return wrong("expires", "%q is not an instant: write it as 2027-06-01T00:00:00Z", expires)
				}
				code.ExpiresAt = at
			}
			added, err := svc.AddCode(ctx, entity, code)
			if err != nil {
				return err
			}
			return p.show(added, func(out io.Writer) error { return facts(out, "Code", added.Text, "Coupon", added.CouponID) })
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "legal entity that offers the coupon")
	c.Flags().StringVar(&code.CouponID, "coupon", "", "the coupon that it is for")
	c.Flags().StringVar(&code.CustomerID, "customer", "", "the only customer who can use it")
	c.Flags().IntVar(&code.MaxRedemptions, "max-redemptions", 0, "how often it can be used; 0 is no limit")
	c.Flags().StringVar(&expires, "expires", "", "from when it cannot be used any more")
	return needs(c, "entity", "coupon")
}

func (p *program) redeemCoupon() *cobra.Command {
	var in service.Redemption
	c := &cobra.Command{
		Use: "redeem CUSTOMER", Short: "Give a customer a coupon, by its id or a code", Args: cobra.ExactArgs(1),
		Long: "Give a customer a coupon for one subscription, or for all. Invoices from now on have it. Repeating an id changes nothing.",
		Example: `  go run ./starter coupon redeem cus_1 --code spring-27
  go run ./starter coupon redeem cus_1 --coupon loyal --subscription sub_1`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			given, err := svc.Redeem(ctx, args[0], in)
			if err != nil {
				return err
			}
			return p.show(given, func(out io.Writer) error {
				return facts(out, "Discount", given.ID, "Coupon", given.Coupon, "Name", given.Name, "Since", given.AppliedAt)
			})
		}),
	}
	c.Flags().StringVar(&in.ID, "id", "", "your name for the discount; the coupon's id when left out")
	c.Flags().StringVar(&in.Coupon, "coupon", "", "the coupon's id")
	c.Flags().StringVar(&in.Code, "code", "", "what the customer typed")
	c.Flags().StringVar(&in.Subscription, "subscription", "", "the only subscription that it is for")
	return c
}

func (p *program) listDiscounts() *cobra.Command {
	return &cobra.Command{
		Use: "discounts CUSTOMER", Short: "List the discounts of a customer", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter coupon discounts cus_1",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.Discounts(ctx, args[0])
			if err != nil {
				return err
			}
			return p.show(found, func(out io.Writer) error {
				rows := make([][]any, len(found.Data))
				for i, d := range found.Data {
					rows[i] = []any{d.ID, d.Name, d.Subscription, d.AppliedAt, d.RemovedAt}
				}
				return table(out, "discount|name|subscription|since|until", rows)
			})
		}),
	}
}

func (p *program) removeDiscount() *cobra.Command {
	return &cobra.Command{
		Use: "remove CUSTOMER DISCOUNT", Short: "End a discount; invoices from now on do not have it", Args: cobra.ExactArgs(2),
		Example: "  go run ./starter coupon remove cus_1 loyal",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			if err := svc.RemoveDiscount(ctx, args[0], args[1]); err != nil {
				return err
			}
			return p.show(map[string]string{"removed": args[1]}, func(out io.Writer) error { return facts(out, "Removed", args[1]) })
		}),
	}
}
