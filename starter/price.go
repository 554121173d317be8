package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/presentment"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

// presentmentFlags are a policy as it is written on a command line.
type presentmentFlags struct {
	base, markup, source string
	rules                []string
	roundUsage, none     bool
	rateAge, quoteHours  int
}

func (p *program) setPresentment() *cobra.Command {
	var in presentmentFlags
	c := &cobra.Command{
		Use: "set-presentment ID", Short: "Set how prices are made in currencies that the catalogue lacks", Args: cobra.ExactArgs(1),
		Long: "Prices in the base currency are converted by published rates (see fx-rate import), plus the markup, and rounded by the rule of\n" +
			"the currency: minor (to its minor unit, the usual), whole, multiple:50 or ends:.99. It is for what is sold from now on.",
		Example: `  go run ./starter entity set-presentment acme --markup 2 --round EUR=ends:.99 --round JPY=multiple:10 --round CHF=multiple:0.05
  go run ./starter entity set-presentment acme --none`,
	}
	f := c.Flags()
	f.StringVar(&in.base, "base", "", "currency that prices are converted from (default: that of the books)")
	f.StringVar(&in.markup, "markup", "0", "per cent added to the rate, 0 to 100")
	f.StringArrayVar(&in.rules, "round", nil, "CURRENCY=RULE for recurring prices; may be repeated")
	f.BoolVar(&in.roundUsage, "round-usage", false, "round prices of usage too, as far as they reach the rule's smallest amount")
	f.IntVar(&in.rateAge, "max-rate-age", 7, "days that a rate may be old")
	f.StringVar(&in.source, "rate-source", "", "use the rates of this publisher only, such as ECB")
	f.IntVar(&in.quoteHours, "quote-hours", 24, "hours that a price holds at least that was shown")
	f.BoolVar(&in.none, "none", false, "sell in the catalogue's currencies only")
	c.RunE = p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
		policy, err := in.policy()
		if err != nil {
			return err
		}
		entity, err := svc.SetPresentment(ctx, args[0], policy)
		if err != nil {
			return err
		}
		return p.printEntities(entity, []store.Entity{entity})
	})
	return c
}

// policy is nil for none.
func (in presentmentFlags) policy() (*presentment.Policy, error) {
	if in.none {
		return nil, nil
	}
	policy := presentment.Policy{
		BaseCurrency: money.Currency(strings.ToUpper(in.base)), RoundUsage: in.roundUsage, MaxRateAgeDays: in.rateAge, RateSource: in.source,
		QuoteHours: in.quoteHours, Rounding: map[money.Currency]presentment.Rounding{},
	}
	var err error
	if policy.MarkupPercent, err = money.ParseDecimal(in.markup); err != nil {
		return nil, wrong("markup", "%s", err)
	}
	for _, text := range in.rules {
		code, rule, found := strings.Cut(text, "=")
		if !found {
			return nil, wrong("round", "%q: write it as CURRENCY=RULE, such as EUR=ends:.99", text)
		}
		currency, err := money.ParseCurrency(code)
		if err != nil {
			return nil, wrong("round", "%s", err)
		}
		if policy.Rounding[currency], err = presentment.ParseRounding(rule); err != nil {
			return nil, wrong("round", "%s", err)
		}
	}
	return &policy, nil
}

// localPrices is a policy in a few words.
func localPrices(policy *presentment.Policy) string {
	if policy == nil {
		return ""
	}
	return fmt.Sprintf("from %s plus %s %%", policy.BaseCurrency, policy.MarkupPercent)
}

func (p *program) planPrice() *cobra.Command {
	var in service.PriceQuestion
	c := &cobra.Command{
		Use: "price", Short: "Show what a plan costs in a currency or country, and until when that holds", Args: cobra.NoArgs,
		Example: `  go run ./starter plan price --plan team --currency JPY
  go run ./starter plan price --plan team --country BR`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			price, err := svc.Price(ctx, in)
			if err != nil {
				return err
			}
			return p.show(price, func(out io.Writer) error { return printPrice(out, price) })
		}),
	}
	f := c.Flags()
	f.StringVar(&in.Plan, "plan", "", "what is sold")
	f.IntVar(&in.PlanVersion, "plan-version", 0, "version of the plan (default: the newest)")
	f.StringVar(&in.Currency, "currency", "", "ISO 4217 (default: one is proposed)")
	f.StringVar(&in.Country, "country", "", "ISO 3166-1 alpha-2, to propose its currency")
	f.StringVar(&in.Customer, "customer", "", "who asks: the clock, the day and, without a country, the currency are this customer's")
	return needs(c, "plan")
}

func printPrice(out io.Writer, price service.PlanPrice) error {
	if err := table(out, "charge|name|add-on|price", priceRows(price)); err != nil {
		return err
	}
	var others []string
	for _, currency := range price.Catalogue {
		if currency != price.Currency {
			others = append(others, string(currency))
		}
	}
	pairs := []any{
		"Plan", fmt.Sprintf("%s version %d", price.Plan, price.PlanVersion), "Product", price.Product, "Currency", price.Currency, "Proposed", price.Proposed,
		"Also sold in", strings.Join(others, ", "),
	}
	if q := price.Quote; q != nil {
		c := q.Conversion
		pairs = append(pairs, "Rate", rateInWords(c.From, c.Currency, c.Rate, c.Source, c.RateDate, c.MarkupPercent),
			"Quote", q.ID, "Holds until", q.ValidUntil)
	}
	return facts(out, pairs...)
}

// priceRows are the plan's own charges and then those of what can be bought with it.
func priceRows(price service.PlanPrice) [][]any {
	var rows [][]any
	add := func(addOn string, charges []service.PricedCharge) {
		for _, charge := range charges {
			rows = append(rows, []any{charge.ID, charge.Name, addOn, priceInWords(charge.Price, price.Currency)})
		}
	}
	add("", price.Charges)
	for _, addOn := range price.AddOns {
		add(addOn.ID, addOn.Charges)
	}
	return rows
}

// priceInWords writes a price for a line of a table.
func priceInWords(price catalog.Price, currency money.Currency) string {
	w := pricer(currency)
	words := fmt.Sprintf("%s %s", currency, w.model(price))
	if price.Minimum.IsPositive() {
		words += ", at least " + w.amount(price.Minimum)
	}
	if price.Maximum.IsPositive() {
		words += ", at most " + w.amount(price.Maximum)
	}
	if c := price.Commitment; c != nil {
		words += fmt.Sprintf(", committed %s", cmp.Or(nonZero(c.Quantity), w.amount(c.Amount)))
		if c.Paid == catalog.PaidInAdvance {
			words += " in advance"
		}
	}
	return words
}

// pricer writes the amounts of prices in a currency.
type pricer money.Currency

// amount has all its decimals, and no fewer than amounts of the currency have.
func (w pricer) amount(d decimal.Decimal) string {
	return d.StringFixed(max(int32(money.Currency(w).Digits()), -d.Exponent()))
}

func (w pricer) model(price catalog.Price) string {
	switch price.Model {
	case catalog.Flat:
		return w.amount(price.FlatAmount)
	case catalog.PerUnit:
		if price.FreeUnits.IsPositive() {
			return fmt.Sprintf("%s each, after %s free", w.amount(price.UnitAmount), price.FreeUnits)
		}
		return w.amount(price.UnitAmount) + " each"
	case catalog.Package:
		return fmt.Sprintf("%s per %s, after %s free", w.amount(price.UnitAmount), price.PackageSize, price.FreeUnits)
	case catalog.Percentage:
		return fmt.Sprintf("%s %%, after %s free", price.Percent, price.FreeUnits)
	}
	tiers := make([]string, len(price.Tiers))
	for i, tier := range price.Tiers {
		tiers[i] = w.tier(price.Model, tier)
	}
	return fmt.Sprintf("%s (%s)", strings.Join(tiers, ", "), price.Model)
}

func (w pricer) tier(model catalog.Model, tier catalog.Tier) string {
	words := w.amount(tier.UnitAmount) + " each"
	switch {
	case model == catalog.Stairstep:
		words = w.amount(tier.FlatAmount)
	case model == catalog.GraduatedPercentage:
		words = fmt.Sprintf("%s %%", tier.Percent)
	}
	if !tier.FlatAmount.IsZero() && model != catalog.Stairstep {
		words += " and " + w.amount(tier.FlatAmount)
	}
	if tier.UpTo != nil {
		words += fmt.Sprintf(" up to %s", tier.UpTo)
	}
	return words
}

// rateInWords says at which rate a price was converted.
func rateInWords(from, to money.Currency, rate decimal.Decimal, source string, day calendar.Date, markup decimal.Decimal) string {
	return fmt.Sprintf("1 %s = %s %s (%s, %s) plus %s %%", from, rate, to, source, day, markup)
}

// nonZero is a number as text, empty for zero.
func nonZero(d decimal.Decimal) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}
