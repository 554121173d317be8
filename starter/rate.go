package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) rates() *cobra.Command {
	return p.group("fx-rate", "Record published exchange rates, for local prices and tax returns", p.addRate(), p.importRates())
}

func (p *program) addRate() *cobra.Command {
	var from, to, date, value, source string
	c := &cobra.Command{
		Use: "add", Short: "Record a rate; a return that waits for it finds it within the hour", Args: cobra.NoArgs,
		Example: "  go run ./starter fx-rate add --from EUR --to USD --date 2027-03-31 --rate 1.0815 --source ECB",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			rate := tax.Rate{From: money.Currency(from), To: money.Currency(to), Source: source}
			var err error
			if rate.Date, err = calendar.ParseDate(date); err != nil {
				return wrong("date", "%s", err)
			}
			if rate.Value, err = money.ParseDecimal(value); err != nil {
				return wrong("rate", "%s", err)
			}
			if err := svc.AddRate(ctx, rate); err != nil {
				return err
			}
			return p.show(rate, func(out io.Writer) error {
				_, err := fmt.Fprintf(out, "1 %s = %s %s on %s (%s)\n", rate.From, rate.Value, rate.To, rate.Date, rate.Source)
				return err
			})
		}),
	}
	f := c.Flags()
	f.StringVar(&from, "from", "", "currency of which one unit is priced")
	f.StringVar(&to, "to", "", "currency in which it is priced")
	f.StringVar(&date, "date", "", "day for which the rate was published")
	f.StringVar(&value, "rate", "", "the rate")
	f.StringVar(&source, "source", "", "who published it, such as ECB")
	return needs(c, "from", "to", "date", "rate", "source")
}
