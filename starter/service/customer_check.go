package service

import (
	"cmp"
	"context"
	"fmt"
	"net/mail"
	"regexp"
	"strings"

	"golang.org/x/text/language"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
)

const (
	longestName  = 200
	longestEmail = 254 // RFC 5321 section 4.5.3.1.3, less the angle brackets
)

// checkCustomer says everything that is wrong with a request, or what is to be stored.
func (s *Service) checkCustomer(ctx context.Context, in NewCustomer) (store.Customer, error) {
	var p problems
	c := in.fields(calendar.Zone{}.DateOf(s.wallNow()), &p)
	if err := s.checkEntityOf(ctx, in.Entity, &p); err != nil {
		return c, err
	}
	if err := s.checkClockOf(ctx, in.TestClock, &p); err != nil {
		return c, err
	}
	if err := p.err(); err != nil {
		return c, err
	}
	if in.TestClock != "" {
		c.TestClockID = &in.TestClock
	}
	var err error
	c.CreatedAt, err = s.now(ctx, c)
	return c, err
}

// fields checks what can be checked without looking anything up, and writes it in its one form.
func (in NewCustomer) fields(today calendar.Date, p *problems) store.Customer {
	c := store.Customer{
		ID: in.ID, EntityID: in.Entity, Name: in.Name, Email: in.Email, Country: strings.ToUpper(in.Country), PostalCode: in.PostalCode,
		Zone: in.Zone, Business: in.Business, TaxIDValid: in.TaxIDValidated,
		InvoicedTo: cmp.Or(account.Owner(in.InvoicedTo), account.Self), PaidBy: cmp.Or(account.Owner(in.PaidBy), account.Self),
	}
	if in.Parent != "" {
		c.ParentID = &in.Parent
	}
	p.check("id", checkID(in.ID))
	p.check("name", checkText(in.Name, longestName))
	p.check("email", checkEmail(in.Email))
	p.check("country", checkCountry(c.Country, today))
	if in.PostalCode != "" {
		p.check("postal_code", checkText(in.PostalCode, 20))
	}
	_, err := calendar.LoadZone(in.Zone)
	p.check("zone", err)
	c.Currency, err = money.ParseCurrency(in.Currency)
	p.check("currency", err)
	c.Locale, err = locale(in.Locale)
	p.check("locale", err)
	if in.TaxID != "" {
		c.TaxID = tax.NormaliseVATID(in.TaxID)
		p.check("tax_id", tax.CheckVATID(in.TaxID))
	} else if in.TaxIDValidated {
		p.add("tax_id_validated", "is set without a tax_id: give the id that was validated")
	}
	if in.PaymentMethod != "" {
		p.check("payment_method", checkToken(in.PaymentMethod))
	}
	return c
}

func (s *Service) checkEntityOf(ctx context.Context, entityID string, p *problems) error {
	return p.unknown("entity", s.entityExists(ctx, entityID))
}

func (s *Service) checkClockOf(ctx context.Context, clockID string, p *problems) error {
	if clockID == "" {
		return nil
	}
	_, err := s.testClock(ctx, clockID)
	return p.unknown("test_clock", err)
}

// unknown notes that a field names what does not exist; other errors are returned.
func (p *problems) unknown(field string, err error) error {
	if isNotFound(err) {
		p.check(field, err)
		return nil
	}
	return err
}

func checkEmail(address string) error {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || len(address) > longestEmail {
		return fmt.Errorf("%.60q is not an e-mail address such as erika@example.com", address)
	}
	return nil
}

func locale(tag string) (string, error) {
	if tag == "" {
		return "en", nil
	}
	parsed, err := language.Parse(tag)
	if err != nil {
		return "", fmt.Errorf("%.60q is not a BCP 47 language tag such as de-DE", tag)
	}
	return parsed.String(), nil
}

var tokenPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`)

func checkToken(token string) error {
	if !tokenPattern.MatchString(token) {
		return fmt.Errorf("%.60q is not a payment provider's token, such as pm_card_visa", token)
	}
	return nil
}
