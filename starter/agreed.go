package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/exactyaml"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func pricesFlag(f *pflag.FlagSet, name *string) {
	f.StringVar(name, "prices", "", "file with prices agreed for this version of the plan, in YAML or JSON, by charge and currency; - reads standard input")
}

// readPrices reads agreed prices from a file; none without one.
func (p *program) readPrices(name string) (prices catalog.Agreed, err error) {
	err = p.decodePrices(name, &prices)
	return prices, err
}

func (p *program) decodePrices(name string, into any) error {
	if name == "" {
		return nil
	}
	return p.withFile(name, func(r io.Reader) error {
		if err := (exactyaml.Format{Name: "prices", Manual: "docs/quote.md"}).Decode(r, into); err != nil {
			return wrong("prices", "%s", err)
		}
		return nil
	})
}

// agreedInWords lists agreed prices by plan version and charge.
func agreedInWords(agreed []store.AgreedPrice) string {
	var words []string
	for _, a := range agreed {
		words = append(words, fmt.Sprintf("%s version %d: %s", a.PlanID, a.PlanVersion, chargesInWords(a.Prices)))
	}
	return strings.Join(words, "; ")
}

func chargesInWords(prices catalog.Agreed) string {
	var words []string
	for _, charge := range slices.Sorted(maps.Keys(prices)) {
		for _, currency := range slices.Sorted(maps.Keys(prices[charge])) {
			words = append(words, fmt.Sprintf("%s %s", charge, priceInWords(prices[charge][currency], currency)))
		}
	}
	return strings.Join(words, ", ")
}

// agreementInWords says what becomes of the prices that were agreed with a customer who is migrated.
func agreementInWords(m service.MigratedSubscription) string {
	var words []string
	if len(m.OldAgreed) > 0 {
		words = append(words, "ends: "+chargesInWords(m.OldAgreed))
	}
	if len(m.NewAgreed) > 0 {
		words = append(words, "begins: "+chargesInWords(m.NewAgreed))
	}
	return strings.Join(words, "; ")
}
