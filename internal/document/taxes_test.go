package document

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
)

func taxedLine(treatment tax.Treatment, jurisdiction string, scheme tax.Scheme, rate string, amount, taxed int64) store.InvoiceLine {
	return store.InvoiceLine{
		Treatment: string(treatment), Jurisdiction: jurisdiction, Scheme: string(scheme), TaxRate: decimal.RequireFromString(rate),
		Amount: amount, Tax: taxed,
	}
}

func TestTitle(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		total int64
		line  store.InvoiceLine
		want  string
	}{
		{100, taxedLine(tax.Taxed, "DE", tax.SchemeEUOSS, "19", 100, 19), "Invoice"},
		{100, taxedLine(tax.Taxed, "AU", "", "10", 100, 10), "Tax invoice"},
		{100, taxedLine(tax.Zero, "AE", "", "0", 100, 0), "Tax invoice"},
		// Who charges no Australian tax must not call the document a tax invoice.
		{100, taxedLine(tax.OutOfScope, "AU", "", "0", 100, 0), "Invoice"},
		{0, taxedLine(tax.OutOfScope, "US", "", "0", 0, 0), "Invoice"},
		{-100, taxedLine(tax.Taxed, "AU", "", "10", -91, -9), "Credit note"},
	} {
		require.Equal(t, test.want, title(store.Invoice{Total: test.total}, []store.InvoiceLine{test.line}), "%+v", test.line)
	}
}

func TestTaxGroups(t *testing.T) {
	t.Parallel()
	lines := []store.InvoiceLine{
		taxedLine(tax.Taxed, "FI", tax.SchemeEUOSS, "25.5", 1000, 255),
		taxedLine(tax.Taxed, "FI", tax.SchemeEUOSS, "25.50", -200, -51),
		taxedLine(tax.ReverseCharge, "GB", "", "0", 500, 0),
		taxedLine(tax.Exempt, "FI", "", "0", 70, 0),
		taxedLine(tax.OutOfScope, "US", "", "0", 30, 0),
	}
	groups, err := groupTaxes(lines, "EUR", formatsFor("fi-FI"))
	require.NoError(t, err)
	eur := func(minor int64) money.Amount { return money.New(minor, "EUR") }
	require.Equal(t, []TaxGroup{
		{Label: "VAT 25,5%, Finland", Base: eur(800), Tax: eur(204), Charged: true},
		{
			Label: "Reverse charge, United Kingdom", Base: eur(500), Tax: eur(0), Charged: true,
			Notes: []string{"Reverse charge: customer to account for VAT to HMRC"},
		},
		{Label: "Exempt from tax, Finland", Base: eur(70), Tax: eur(0), Charged: true},
		{Label: "No tax charged", Base: eur(30), Tax: eur(0)},
	}, groups)
}

func TestReverseChargeNoteIsInBothLanguages(t *testing.T) {
	t.Parallel()
	line := taxedLine(tax.ReverseCharge, "DE", "", "0", 100, 0)
	require.Equal(t, []string{"Steuerschuldnerschaft des Leistungsempfängers", "Reverse charge"}, taxNotes(line, formatsFor("de-AT")))
	require.Equal(t, []string{"Reverse charge"}, taxNotes(line, formatsFor("en-IE")))
	require.Equal(t, []string{"Reverse charge"}, taxNotes(line, formatsFor("ja-JP")), "no official wording: English once")
}

func TestStanding(t *testing.T) {
	t.Parallel()
	usd := func(minor int64) money.Amount { return money.New(minor, "USD") }
	base := Invoice{
		Status: "open", Locale: "en-US", Subtotal: usd(1000), Tax: usd(0), Total: usd(1000), CreditApplied: usd(0), CreditGranted: usd(0),
		AmountDue: usd(1000), Paid: usd(0), Owed: usd(1000),
	}
	for want, change := range map[string]func(*Invoice){
		"Open":                    func(*Invoice) {},
		"Unpaid":                  func(i *Invoice) { i.Status = "uncollectible" },
		"Void":                    func(i *Invoice) { i.Status = "void" },
		"Paid on January 2, 2027": func(i *Invoice) { i.Status, i.PaidOn, i.Paid, i.Owed = "paid", date(2), usd(1000), usd(0) },
		"Nothing to pay":          func(i *Invoice) { i.Status, i.CreditApplied, i.AmountDue, i.Owed = "paid", usd(1000), usd(0), usd(0) },
		"Credited":                func(i *Invoice) { i.Status, i.Total, i.CreditGranted = "paid", usd(-1000), usd(1000) },
	} {
		inv := base
		change(&inv)
		require.Equal(t, want, pageOf(inv).Standing())
	}
	void := base
	void.Status = "void"
	sums := pageOf(void).Sums()
	require.Equal(t, "Total", sums[len(sums)-1].Label, "a void invoice asks for nothing")
}
