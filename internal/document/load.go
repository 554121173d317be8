package document

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
)

// Load reads an invoice with all that its document shows. An unknown id is store.ErrNotFound.
func Load(ctx context.Context, s *store.Store, invoiceID string) (Invoice, error) {
	row, err := s.Invoice(ctx, invoiceID)
	if err != nil {
		return Invoice{}, err
	}
	inv, err := load(ctx, s, row)
	if err != nil {
		return Invoice{}, fmt.Errorf("document of invoice %s: %w", row.Number, err)
	}
	return inv, nil
}

func load(ctx context.Context, s *store.Store, row store.Invoice) (Invoice, error) {
	customer, err := s.Customer(ctx, row.CustomerID)
	if err != nil {
		return Invoice{}, err
	}
	zone, err := calendar.LoadZone(row.Zone)
	if err != nil {
		return Invoice{}, err
	}
	f := formatsFor(customer.Locale)
	inv := newInvoice(row, zone)
	inv.Locale, inv.Buyer = customer.Locale, buyer(customer)
	if inv.Seller, err = seller(ctx, s, row.EntityID, inv.Issued); err != nil {
		return Invoice{}, err
	}
	rows, err := s.InvoiceLines(ctx, row.ID)
	if err != nil {
		return Invoice{}, err
	}
	inv.Title = title(row, rows)
	if inv.Lines, err = lines(ctx, s, row, rows, zone, f); err != nil {
		return Invoice{}, err
	}
	if inv.Taxes, err = groupTaxes(rows, row.Currency, f); err != nil {
		return Invoice{}, err
	}
	if inv.Payments, err = payments(ctx, s, row.ID, zone); err != nil {
		return Invoice{}, err
	}
	if inv.AwaitsTransfer, err = s.AwaitsTransfer(ctx, row.ID); err != nil {
		return Invoice{}, err
	}
	inv.Offsets, err = offsets(ctx, s, row, zone)
	return inv, err
}

// LoadHead reads what a letter to a customer shows that is about no invoice: an invoice with who writes to whom, and how
// amounts and dates are written for them.
func LoadHead(ctx context.Context, s *store.Store, customerID string, at time.Time) (Invoice, error) {
	customer, err := s.Customer(ctx, customerID)
	if err != nil {
		return Invoice{}, err
	}
	zone, err := calendar.LoadZone(customer.Zone)
	if err != nil {
		return Invoice{}, fmt.Errorf("customer %s: %w", customerID, err)
	}
	head := Invoice{Locale: customer.Locale, Buyer: buyer(customer), Zone: customer.Zone}
	head.Seller, err = seller(ctx, s, customer.EntityID, zone.DateOf(at))
	return head, err
}

func newInvoice(row store.Invoice, zone calendar.Zone) Invoice {
	amount := func(minor int64) money.Amount { return money.New(minor, row.Currency) }
	inv := Invoice{
		ID: row.ID, PageKey: row.PageKey, Number: row.Number, PONumber: row.PONumber, Status: row.Status, Zone: row.Zone,
		Issued: zone.DateOf(row.IssuedAt), Period: spanOf(zone, calendar.Period{Start: row.PeriodStart, End: row.PeriodEnd}),
		Subtotal: amount(row.Subtotal), Tax: amount(row.Tax), Total: amount(row.Total),
		CarriedIn: amount(row.CarriedIn), CarriedOut: amount(row.CarriedOut), CreditApplied: amount(row.CreditApplied), Prepaid: amount(row.PrepaidApplied),
		CreditGranted: amount(row.CreditGranted),
		AmountDue:     row.Due(), Paid: amount(row.AmountPaid), Credited: amount(row.AmountCredited), Owed: row.Owed(),
	}
	if row.PaidAt != nil {
		inv.PaidOn = zone.DateOf(*row.PaidAt)
	}
	return inv
}

func buyer(c store.Customer) Party {
	party := Party{Name: c.Name, Email: c.Email}
	if c.PostalCode != "" {
		party.Address = append(party.Address, c.PostalCode)
	}
	party.Address = append(party.Address, country(c.Country))
	if c.TaxID != "" {
		party.Registrations = []Registration{{Label: "VAT", Number: c.TaxID}}
	}
	return party
}

// seller shows the registrations of the day of issue, the one that the tax was charged under among them.
func seller(ctx context.Context, s *store.Store, entityID string, issued calendar.Date) (Party, error) {
	entity, err := s.Entity(ctx, entityID)
	if err != nil {
		return Party{}, err
	}
	registered, err := s.Seller(ctx, entityID)
	if err != nil {
		return Party{}, err
	}
	party := Party{Name: entity.Name}
	for line := range strings.Lines(entity.Address) {
		if line = strings.TrimSpace(line); line != "" {
			party.Address = append(party.Address, line)
		}
	}
	if name := country(entity.Country); !strings.Contains(entity.Address, name) {
		party.Address = append(party.Address, name)
	}
	party.Registrations = registrations(registered.Registrations, issued)
	return party, nil
}

// registrations lists each number once: the one of a One Stop Shop is often the national number as well.
func registrations(all []tax.Registration, day calendar.Date) []Registration {
	var list []Registration
	for _, r := range all {
		same := func(other tax.Registration) bool {
			return other.Number == r.Number && other.Scheme == tax.SchemeEUVAT && inForce(other, day)
		}
		if inForce(r, day) && (r.Scheme == tax.SchemeEUVAT || !slices.ContainsFunc(all, same)) {
			list = append(list, Registration{Label: registrationLabel(r), Number: r.Number})
		}
	}
	return list
}

func inForce(r tax.Registration, day calendar.Date) bool {
	return r.From.Compare(day) <= 0 && (r.To.IsZero() || day.Compare(r.To) <= 0)
}

// planKey names a version of a plan.
type planKey struct {
	id      string
	version int
}

func lines(ctx context.Context, s *store.Store, invoice store.Invoice, rows []store.InvoiceLine, zone calendar.Zone, f formats) ([]Line, error) {
	credited, err := creditedLines(ctx, s, invoice.ID)
	if err != nil {
		return nil, err
	}
	plans := map[planKey]catalog.Plan{}
	list := make([]Line, len(rows))
	for i, row := range rows {
		key := planKey{row.PlanID, row.PlanVersion}
		if _, read := plans[key]; !read && row.PlanID != "" {
			if plans[key], err = planOf(ctx, s, invoice.SubscriptionID, key); err != nil {
				return nil, err
			}
		}
		facts := lineFacts{formats: f, row: row, plan: plans[key], currency: invoice.Currency, credited: credited[row.Position]}
		if err := facts.read(); err != nil {
			return nil, err
		}
		list[i] = facts.line(zone)
		if invoice.SubscriptionID == "" && row.SubscriptionID != nil {
			list[i].Details = append([]string{"Subscription " + *row.SubscriptionID}, list[i].Details...)
		}
	}
	return list, nil
}

func (l *lineFacts) line(zone calendar.Zone) Line {
	return Line{
		Position: l.row.Position, Description: l.description(), Details: l.details(),
		Period:   spanOf(zone, calendar.Period{Start: l.row.PeriodStart, End: l.row.PeriodEnd}),
		Quantity: l.row.Quantity, UnitPrice: l.unitPrice(), TaxLabel: taxLabel(l.row.Treatment, l.row.TaxRate, l.formats),
		Amount: money.New(l.row.Amount, l.currency),
	}
}

// planOf is a plan version at the prices that were agreed for the subscription: these were never changed after it was charged.
func planOf(ctx context.Context, s *store.Store, subscriptionID string, key planKey) (catalog.Plan, error) {
	version, err := s.Plan(ctx, key.id, key.version)
	if err != nil {
		return version.Plan, err
	}
	agreed, err := s.Agreed(ctx, subscriptionID, key.id, key.version)
	return version.Plan.WithAgreed(agreed), err
}

func creditedLines(ctx context.Context, s *store.Store, invoiceID string) (map[int]*store.CreditedLine, error) {
	rows, err := s.CreditedLines(ctx, invoiceID)
	if err != nil {
		return nil, err
	}
	byPosition := make(map[int]*store.CreditedLine, len(rows))
	for i := range rows {
		byPosition[rows[i].Position] = &rows[i]
	}
	return byPosition, nil
}

func payments(ctx context.Context, s *store.Store, invoiceID string, zone calendar.Zone) ([]Payment, error) {
	received, err := s.ReceivedPayments(ctx, invoiceID)
	if err != nil {
		return nil, err
	}
	list := make([]Payment, len(received))
	for i, p := range received {
		list[i] = Payment{On: zone.DateOf(p.SettledAt), Amount: money.New(p.Amount, p.Currency), Method: MethodName(p.Network)}
	}
	return list, nil
}

func offsets(ctx context.Context, s *store.Store, invoice store.Invoice, zone calendar.Zone) ([]Offset, error) {
	rows, err := s.InvoiceOffsets(ctx, invoice.ID)
	if err != nil {
		return nil, err
	}
	list := make([]Offset, len(rows))
	for i, row := range rows {
		other := row.CreditNumber
		if row.CreditID == invoice.ID {
			other = row.InvoiceNumber
		}
		list[i] = Offset{Number: other, On: zone.DateOf(row.At), Amount: money.New(row.Amount, invoice.Currency)}
	}
	return list, nil
}

// MethodName is how a card network, the scheme of a bank debit or a bank transfer, by the provider's name of it, writes itself;
// empty when it is none.
func MethodName(network string) string {
	names := map[string]string{
		"amex": "American Express", "diners": "Diners Club", "discover": "Discover", "jcb": "JCB",
		"mastercard": "Mastercard", "unionpay": "UnionPay", "visa": "Visa",
	}
	if kind, known := paymethod.Lookup(network); known && (kind.Family == paymethod.Debit || kind.Kind == paymethod.KindTransfer) {
		return kind.Name
	}
	return names[network]
}
