package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
	"github.com/perennial-billing/perennial/starter/service"
)

// topUpFlags are the amounts of a top-up as people write them.
type topUpFlags struct {
	in                        service.TopUp
	below, amount, upTo, most string
	priority                  int
}

func (p *program) topUp() *cobra.Command {
	var t topUpFlags
	c := &cobra.Command{
		Use: "top-up CUSTOMER", Short: "Agree on how a customer's credit is bought by itself", Args: cobra.ExactArgs(1),
		Long: `Agree on how a customer's credit is bought by itself: when the balance, less what is spoken for, is at or below an amount, on a schedule, or
both. What is bought is invoiced and collected, and can be used when it is paid. After a purchase that could not be collected nothing is
bought until this is agreed on again.`,
		Example: `  go run ./starter wallet top-up cus_1 --below 10 --amount 50 --most-per-month 200
  go run ./starter wallet top-up cus_1 --every month --up-to 100 --valid-for "1 year"
  go run ./starter wallet top-up cus_1 --off`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			customer, err := svc.Customer(ctx, args[0])
			if err != nil {
				return err
			}
			if err := t.read(customer.Currency); err != nil {
				return err
			}
			agreed, err := svc.SetTopUp(ctx, args[0], t.in)
			if err != nil {
				return err
			}
			return p.show(agreed, func(out io.Writer) error { return facts(out, "Customer", args[0], "Top-up", t.words()) })
		}),
	}
	f := c.Flags()
	f.StringVar(&t.in.Currency, "currency", "", "the customer's when left out")
	f.StringVar(&t.below, "below", "", "buys when the balance, less what is spoken for, is at or below this")
	f.StringVar(&t.in.Every, "every", "", "buys at each boundary of this interval from today on: week, month, quarter …")
	f.StringVar(&t.amount, "amount", "", "what is bought each time; either this or --up-to")
	f.StringVar(&t.upTo, "up-to", "", "the balance that is bought up to")
	f.StringVar(&t.most, "most-per-month", "", "the most that is bought in a calendar month")
	f.IntVar(&t.priority, "priority", wallet.DefaultPriority, "of what is bought: 0 to 100, the lowest is used first")
	f.StringVar(&t.in.ValidFor, "valid-for", "", `for how long what is bought can be used, such as "1 year"`)
	f.BoolVar(&t.in.Off, "off", false, "buy nothing by itself any more")
	return c
}

func (t *topUpFlags) read(currency money.Currency) error {
	if t.in.Currency != "" {
		currency = money.Currency(strings.ToUpper(t.in.Currency))
	}
	t.in.Priority = &t.priority
	for _, flag := range []struct {
		name, text string
		into       **int64
	}{
		{"below", t.below, &t.in.Below}, {"amount", t.amount, &t.in.Amount}, {"up-to", t.upTo, &t.in.UpTo}, {"most-per-month", t.most, &t.in.MostPerMonth},
	} {
		if flag.text == "" {
			continue
		}
		sum, err := money.Parse(flag.text, currency)
		if err != nil {
			return wrong(flag.name, "%s", err)
		}
		*flag.into = &sum.Minor
	}
	return nil
}

// words say what was agreed.
func (t *topUpFlags) words() string {
	if t.in.Off {
		return "off"
	}
	words := "buys " + t.amount
	if t.upTo != "" {
		words = "buys up to " + t.upTo
	}
	if t.below != "" {
		words += ", at a balance of " + t.below + " or less"
	}
	if t.in.Every != "" {
		words += ", every " + t.in.Every
	}
	if t.most != "" {
		words += ", at most " + t.most + " in a month"
	}
	return words
}
