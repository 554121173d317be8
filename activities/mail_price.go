package activities

import (
	"context"
	"fmt"

	"github.com/sendgrid/sendgrid-go/helpers/mail"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/document"
	"github.com/perennial-billing/perennial/internal/store"
)

// priceChange makes the mail that tells a customer of the new price of a subscription, and from when on it is charged.
func (m *Mailer) priceChange(ctx context.Context, queued store.Mail) (*mail.SGMailV3, error) {
	told, err := m.Store.PriceNoticeByKey(ctx, queued.MessageKey)
	if err != nil {
		return nil, err
	}
	head, err := document.LoadHead(ctx, m.Store, queued.CustomerID, queued.AsOf)
	if err != nil {
		return nil, err
	}
	zone, err := calendar.LoadZone(head.Zone)
	if err != nil {
		return nil, fmt.Errorf("price notice of subscription %s: %w", told.SubscriptionID, err)
	}
	version, err := m.Store.Plan(ctx, told.PlanID, told.PlanVersion)
	if err != nil {
		return nil, err
	}
	return m.letter(queued, writePriceChange(head, told, version.Plan, head.WriteDate(zone.DateOf(told.ChangesAt))))
}

func writePriceChange(head document.Invoice, told store.PriceNotice, plan catalog.Plan, on string) notice {
	old, now := money.New(told.OldAmount, told.Currency), money.New(told.NewAmount, told.Currency)
	lead := fmt.Sprintf("The price of your subscription to %s changes on %s.", plan.Name, on)
	if old == now { // what changes is the price of what is used, or what is included
		lead = fmt.Sprintf("Your subscription to %s goes over to a new version on %s. What you pay each period stays the same.", plan.Name, on)
	}
	n := notice{
		Invoice: head, Subject: fmt.Sprintf("Your %s subscription from %s changes on %s", plan.Name, head.Seller.Name, on), Lead: lead,
		Facts: []noticeFact{
			{"Subscription", told.SubscriptionID},
			{"Until now, every " + plan.Interval.String(), head.WriteAmount(old)},
			{fmt.Sprintf("From %s, every %s", on, plan.Interval), head.WriteAmount(now)},
		},
		Closing: "Amounts are before tax. If you do not want to go on under the new terms, you can cancel before that day.",
	}
	if !told.ChangesAt.After(told.ToldAt) {
		n.Closing = "Amounts are before tax. The new terms are in force."
	}
	return n
}
