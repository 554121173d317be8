package document_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/presentment"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/document"
	"github.com/perennial-billing/perennial/internal/store"
)

var update = flag.Bool("update", false, "rewrite the golden files with what is rendered now")

// TestRenderings compares both renderings of invoices made by the real rules with files that a person has looked at.
func TestRenderings(t *testing.T) {
	t.Parallel()
	s := openStore(t, "renderings")
	for name, issue := range map[string]func(*testing.T, *store.Store) string{
		"usd-simple":         usdSimple,
		"jpy-usage":          jpyUsage,
		"eur-reverse-charge": eurReverseCharge,
		"gbp-change":         gbpChange,
		"gbp-credit-note":    gbpCreditNote,
		"gbp-credit-used":    gbpCreditUsed,
		"gbp-credited":       gbpCredited,
		"eur-tiers":          eurTiers,
		"kwd-carried":        kwdCarried,
		"chf-converted":      chfConverted,
		"usd-committed":      usdCommitted,
		"usd-capped":         usdCapped,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inv, err := document.Load(t.Context(), s, issue(t, s))
			require.NoError(t, err)
			var page, text bytes.Buffer
			require.NoError(t, inv.HTML(&page))
			require.NoError(t, inv.Text(&text))
			golden(t, name+".html", page.Bytes())
			golden(t, name+".txt", text.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "if the change is meant, look at it and run the test with -update")
}

func monthly(id, name string, grain catalog.Grain, charges ...catalog.Charge) catalog.Plan {
	return catalog.Plan{
		ID: id, Version: 1, Name: name, Interval: calendar.Interval{Unit: calendar.Month, Count: 1}, Proration: grain,
		BilledBy: catalog.ByRenewal, Charges: charges,
	}
}

func flat(id, name string, c money.Currency, price string) catalog.Charge {
	return catalog.Charge{
		ID: id, Name: name, Kind: catalog.Recurring, Per: catalog.PerSubscription, Timing: catalog.Advance, TaxCategory: "saas_b2c",
		Prices: map[money.Currency]catalog.Price{c: {Model: catalog.Flat, FlatAmount: amount(price)}},
	}
}

func seats(c money.Currency, price string) catalog.Charge {
	return catalog.Charge{
		ID: "seats", Name: "Seats", Kind: catalog.Recurring, Per: catalog.PerSeat, Timing: catalog.Advance, TaxCategory: "saas_b2b",
		Prices: map[money.Currency]catalog.Price{c: {Model: catalog.PerUnit, UnitAmount: amount(price)}},
	}
}

func metered(meter, name string, c money.Currency, price catalog.Price) catalog.Charge {
	return catalog.Charge{
		ID: meter, Name: name, Kind: catalog.Usage, Timing: catalog.Arrears, Meter: meter, TaxCategory: "ai_api_usage",
		Prices: map[money.Currency]catalog.Price{c: price},
	}
}

var (
	northwind = store.Entity{ID: "northwind", Name: "Northwind Software Inc.", Country: "US", Zone: "America/New_York", InvoicePrefix: "NW", Address: "500 Harbor Street\nBoston, MA 02110"}
	kaede     = store.Entity{ID: "kaede", Name: "Kaede AI KK", Country: "JP", Zone: "Asia/Tokyo", InvoicePrefix: "KAEDE", Address: "1-2-3 Marunouchi, Chiyoda-ku\nTokyo 100-0005"}
	aare      = store.Entity{ID: "aare", Name: "Aare Data B.V.", Country: "NL", Zone: "Europe/Amsterdam", InvoicePrefix: "AARE", Address: "Keizersgracht 1\n1015 CC Amsterdam\nNetherlands"}
	tamesis   = store.Entity{ID: "tamesis", Name: "Tamesis Tools Ltd", Country: "GB", Zone: "Europe/London", InvoicePrefix: "TT", Address: "9 Quay Row\nLondon SE1 9AA"}
)

var dutchOSS = []tax.Registration{
	{Scheme: tax.SchemeEUVAT, Country: "NL", Number: "NL123456789B01", From: calendar.Date{Year: 2025, Month: 1, Day: 1}},
	{Scheme: tax.SchemeEUOSS, Country: "NL", Number: "NL123456789B01", From: calendar.Date{Year: 2025, Month: 1, Day: 1}},
}

var ukVAT = []tax.Registration{{Scheme: tax.SchemeUKVAT, Country: "GB", Number: "GB987654321", From: calendar.Date{Year: 2025, Month: 1, Day: 1}}}

func usdSimple(t *testing.T, s *store.Store) string {
	a := newAccount(t, s, northwind, nil, store.Customer{
		ID: "ada", Name: "Ada Moreno & Sons <Bakery>", Email: "ada@example.com", Country: "US", PostalCode: "94110", Zone: "America/Los_Angeles",
		Currency: "USD", Locale: "en-US",
	}, monthly("pro", "Pro", catalog.GrainDay, flat("base", "Monthly subscription", "USD", "1249")), 0)
	january := a.month("2027-01")
	invoice := a.issue("inv_usd", invoicing.Facts{Reason: invoicing.ForCycle, IssuedAt: january.Start, Opens: &invoicing.Opening{Period: january, Terms: a.terms()}})
	a.pay(invoice, january.Start.Add(3*time.Minute), "visa")
	return invoice.ID
}

func (a *account) terms() invoicing.Terms { return invoicing.Terms{Plan: a.plan, Seats: a.seats} }

func jpyUsage(t *testing.T, s *store.Store) string {
	a := newAccount(t, s, kaede, nil, store.Customer{
		ID: "sato", Name: "佐藤商店", Email: "sato@example.jp", Country: "JP", PostalCode: "150-0001", Zone: "Asia/Tokyo", Currency: "JPY", Locale: "ja-JP",
	}, monthly("api", "API", catalog.GrainNone,
		metered("input_tokens", "Input tokens", "JPY", catalog.Price{Model: catalog.PerUnit, UnitAmount: amount("0.00045")}),
		metered("images", "Images", "JPY", catalog.Price{Model: catalog.Package, UnitAmount: amount("150"), PackageSize: amount("10"), FreeUnits: amount("20")}),
	), 0)
	january := a.month("2027-01")
	return a.issue("inv_jpy", invoicing.Facts{
		Reason: invoicing.ForCycle, IssuedAt: january.End,
		Closes: &invoicing.Closing{Period: january, Full: january, Segments: []invoicing.Segment{{
			Period: january, Terms: a.terms(), Usage: []invoicing.Usage{
				{Meter: "input_tokens", Quantity: amount("18059974"), Late: amount("120500")}, {Meter: "images", Quantity: amount("61")},
			},
		}}},
	}).ID
}

func eurReverseCharge(t *testing.T, s *store.Store) string {
	a := newAccount(t, s, aare, dutchOSS, store.Customer{
		ID: "berg", Name: "Bergmann Maschinenbau GmbH", Email: "rechnung@bergmann.example", Country: "DE", PostalCode: "70173", Zone: "Europe/Berlin",
		Currency: "EUR", Locale: "de-DE", Business: true, TaxID: "DE136695976", TaxIDValid: true,
	}, monthly("team", "Team", catalog.GrainDay, seats("EUR", "12.5")), 120)
	period := calendar.Cycle(calendar.Date{Year: 2026, Month: time.December, Day: 15}, a.plan.Interval, a.zone, 0)
	return a.issue("inv_eur", invoicing.Facts{Reason: invoicing.ForCycle, IssuedAt: period.Start, Opens: &invoicing.Opening{Period: period, Terms: a.terms()}}).ID
}

// gbpAccount has paid January in advance for 10 seats.
func gbpAccount(t *testing.T, s *store.Store, name string) (*account, calendar.Period, string) {
	entity, plan := tamesis, monthly("studio-"+name, "Studio", catalog.GrainDay, seats("GBP", "30"))
	entity.ID, entity.InvoicePrefix = name, "TT"+map[string]string{"change": "A", "credit": "B", "used": "C", "owing": "D"}[name]
	a := newAccount(t, s, entity, ukVAT, store.Customer{
		ID: name, Name: "Priya Nair", Email: "priya@example.co.uk", Country: "GB", PostalCode: "M1 1AE", Zone: "Europe/London", Currency: "GBP", Locale: "en-GB",
	}, plan, 10)
	january := a.month("2027-01")
	first := a.issue("inv_"+name+"_1", invoicing.Facts{
		Reason: invoicing.ForCycle, IssuedAt: january.Start, Opens: &invoicing.Opening{Period: january, Terms: a.terms()},
	})
	return a, january, first.ID
}

func gbpChange(t *testing.T, s *store.Store) string {
	a, january, first := gbpAccount(t, s, "change")
	at := a.zone.Instant(calendar.Date{Year: 2027, Month: time.January, Day: 16}, 10, 30, 0)
	return a.issue("inv_change_2", invoicing.Facts{
		Reason: invoicing.ForChange, IssuedAt: at, Revises: a.revise(at, january, first, invoicing.Terms{Plan: a.plan, Seats: 14}),
		Balance: money.New(2000, "GBP"),
	}).ID
}

func gbpCreditNote(t *testing.T, s *store.Store) string {
	a, january, first := gbpAccount(t, s, "credit")
	at := a.zone.Instant(calendar.Date{Year: 2027, Month: time.January, Day: 16}, 10, 30, 0)
	return a.issue("inv_credit_2", invoicing.Facts{
		Reason: invoicing.ForChange, IssuedAt: at, Revises: a.revise(at, january, first, invoicing.Terms{Plan: a.plan, Seats: 4}),
	}).ID
}

// gbpCreditUsed is a credit note most of which pays the invoice of the month, which had not been paid.
func gbpCreditUsed(t *testing.T, s *store.Store) string {
	credit, _ := gbpOffset(t, s, "used")
	return credit
}

// gbpCredited is the invoice that such a credit note has paid a part of.
func gbpCredited(t *testing.T, s *store.Store) string {
	_, invoice := gbpOffset(t, s, "owing")
	return invoice
}

func gbpOffset(t *testing.T, s *store.Store, name string) (credit, invoice string) {
	a, january, first := gbpAccount(t, s, name)
	at := a.zone.Instant(calendar.Date{Year: 2027, Month: time.January, Day: 16}, 10, 30, 0)
	note := a.issue("inv_"+name+"_2", invoicing.Facts{
		Reason: invoicing.ForChange, IssuedAt: at, Revises: a.revise(at, january, first, invoicing.Terms{Plan: a.plan, Seats: 4}),
	})
	require.NoError(t, s.Tx(t.Context(), func(tx store.Tx) error {
		return tx.OffsetInvoice(t.Context(), note.ID, first, money.New(10_000, "GBP"), at)
	}))
	return note.ID, first
}

// kwdCarried is an invoice in a currency of three digits, of which the last cannot be charged.
func kwdCarried(t *testing.T, s *store.Store) string {
	entity := tamesis
	entity.ID, entity.InvoicePrefix = "carried", "TTE"
	a := newAccount(t, s, entity, nil, store.Customer{
		ID: "noura", Name: "Noura Example", Email: "noura@example.com", Country: "KW", Zone: "Asia/Kuwait", Currency: "KWD", Locale: "en-KW",
	}, monthly("dinars", "Studio", catalog.GrainDay, seats("KWD", "1.234")), 3)
	january := a.month("2027-01")
	return a.issue("inv_kwd", invoicing.Facts{
		Reason: invoicing.ForCycle, IssuedAt: january.Start, Opens: &invoicing.Opening{Period: january, Terms: a.terms()}, CarriedIn: money.New(6, "KWD"),
	}).ID
}

// chfConverted changes seats that were sold at a price converted from dollars: a credit and a charge, with usage of the month before.
func chfConverted(t *testing.T, s *store.Store) string {
	entity := northwind
	entity.ID, entity.InvoicePrefix = "converted", "NWC"
	a := newAccount(t, s, entity, nil, store.Customer{
		ID: "urs", Name: "Urs Beispiel", Email: "urs@example.ch", Country: "CH", Zone: "Europe/Zurich", Currency: "CHF", Locale: "de-CH",
	}, monthly("local", "Team", catalog.GrainDay, seats("USD", "20"), metered("api", "Calls", "USD", catalog.Price{
		Model: catalog.Package, UnitAmount: amount("4"), PackageSize: amount("500"),
	})), 10)
	on := calendar.Date{Year: 2026, Month: time.December, Day: 31}
	local, err := presentment.Convert(a.plan, "CHF", []tax.Rate{
		{From: "EUR", To: "USD", Date: on, Value: amount("1.0815"), Source: "ECB"}, {From: "EUR", To: "CHF", Date: on, Value: amount("0.9402"), Source: "ECB"},
	}, presentment.Policy{BaseCurrency: "USD", MarkupPercent: amount("2.5"), MaxRateAgeDays: 7, QuoteHours: 24}, on)
	require.NoError(t, err)
	a.plan = local.Apply(a.plan, founded)
	january := a.month("2027-01")
	first := a.issue("inv_chf_1", invoicing.Facts{
		Reason: invoicing.ForCycle, IssuedAt: january.Start, Opens: &invoicing.Opening{Period: january, Terms: a.terms()},
	})
	at := a.zone.Instant(calendar.Date{Year: 2027, Month: time.January, Day: 16}, 10, 30, 0)
	used := calendar.Period{Start: january.Start, End: at}
	return a.issue("inv_chf_2", invoicing.Facts{
		Reason: invoicing.ForChange, IssuedAt: at, Revises: a.revise(at, january, first.ID, invoicing.Terms{Plan: a.plan, Seats: 14}),
		Closes: &invoicing.Closing{Period: used, Full: january, Segments: []invoicing.Segment{{
			Period: used, Terms: a.terms(), Usage: []invoicing.Usage{{Meter: "api", Quantity: amount("1200")}},
		}}},
	}).ID
}

func eurTiers(t *testing.T, s *store.Store) string {
	tiers := []catalog.Tier{
		{UpTo: upTo("1000"), UnitAmount: amount("0.10")},
		{UpTo: upTo("10000"), UnitAmount: amount("0.085"), FlatAmount: amount("5")},
		{UnitAmount: amount("0.0625")},
	}
	entity := aare
	entity.ID, entity.InvoicePrefix = "aare-tiers", "AARET"
	a := newAccount(t, s, entity, dutchOSS, store.Customer{
		ID: "chloe", Name: "Chloé Dubois", Email: "chloe@example.fr", Country: "FR", PostalCode: "69002", Zone: "Europe/Paris", Currency: "EUR", Locale: "fr-FR",
	}, monthly("metered", "Metered", catalog.GrainSecond,
		arrears(flat("base", "Platform fee", "EUR", "310")),
		metered("hours", "Compute hours", "EUR", catalog.Price{Model: catalog.Graduated, Tiers: tiers}),
		metered("rows", "Rows stored", "EUR", catalog.Price{Model: catalog.Volume, Tiers: tiers}),
	), 0)
	january := a.month("2027-01")
	from := a.zone.Instant(calendar.Date{Year: 2027, Month: time.January, Day: 17}, 6, 0, 0)
	part := calendar.Period{Start: from, End: january.End}
	return a.issue("inv_tiers", invoicing.Facts{
		Reason: invoicing.ForCycle, IssuedAt: january.End,
		Closes: &invoicing.Closing{Period: part, Full: january, Segments: []invoicing.Segment{{
			Period: part, Terms: a.terms(), Usage: []invoicing.Usage{
				{Meter: "hours", Quantity: amount("12500.5")}, {Meter: "rows", Quantity: decimal.NewFromInt(4000)},
			},
		}}},
	}).ID
}

func arrears(c catalog.Charge) catalog.Charge {
	c.Timing = catalog.Arrears
	return c
}

func TestUnknownInvoice(t *testing.T) {
	t.Parallel()
	_, err := document.Load(t.Context(), openStore(t, "unknown"), "inv_nowhere")
	require.ErrorIs(t, err, store.ErrNotFound)
	require.ErrorContains(t, err, "inv_nowhere")
}
