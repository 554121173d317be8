package quote

import (
	"errors"
	"fmt"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
)

// check finds what is wrong with a scenario whatever happens when it is played.
func (s *Scenario) check() error {
	if err := s.Catalog.Check(); err != nil {
		return fmt.Errorf("catalog%w", err)
	}
	if err := s.checkCoupons(); err != nil {
		return err
	}
	if err := s.checkCustomers(); err != nil {
		return err
	}
	if _, err := s.hierarchy(); err != nil {
		return err
	}
	if err := s.checkPresentment(); err != nil {
		return err
	}
	return s.checkTimeline()
}

func (s *Scenario) checkCustomers() error {
	if len(s.Customers) == 0 {
		return errors.New("customers: there must be at least one")
	}
	seen := map[string]bool{}
	for i, c := range s.Customers {
		path := fmt.Sprintf("customers[%d]", i)
		if c.ID == "" || seen[c.ID] {
			return fmt.Errorf("%s.id: %q must name the customer, and no other", path, c.ID)
		}
		seen[c.ID] = true
		if _, err := calendar.LoadZone(c.Zone); err != nil {
			return fmt.Errorf("%s.zone: %w", path, err)
		}
		known, err := money.ParseCurrency(string(c.Currency))
		switch {
		case err != nil:
			return fmt.Errorf("%s.currency: %w", path, err)
		case known != c.Currency:
			return fmt.Errorf("%s.currency: %q must be written %q", path, c.Currency, known)
		}
	}
	return nil
}

func (s *Scenario) checkTimeline() error {
	if s.Until.IsZero() {
		return errors.New("until: say when the scenario ends, such as 2028-01-01")
	}
	seen := map[string]bool{}
	for i, entry := range s.Timeline {
		path := fmt.Sprintf("timeline[%d]", i)
		if entry.At.IsZero() {
			return fmt.Errorf("%s.at: must not be empty", path)
		}
		if n := len(entry.actions()); n != 1 {
			return fmt.Errorf("%s: an entry has exactly one action (such as subscribe or usage), not %d", path, n)
		}
		subscribed := entry.Subscribe
		if subscribed == nil {
			continue
		}
		if seen[subscribed.ID] {
			return fmt.Errorf("%s.subscribe.id: %q is the id of an earlier subscription: choose another", path, subscribed.ID)
		}
		seen[subscribed.ID] = true
	}
	return nil
}
