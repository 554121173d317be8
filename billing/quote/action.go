package quote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/exactyaml"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// action is what an entry of the time line does. Errors begin with the action's own path, such as "usage.meter: …".
type action interface {
	// whose is the customer on whose clock the entry's times are.
	whose(w *world) (*customer, error)
	// do carries it out. The error is a *subscription.Refusal when it is refused; the caller takes back what was changed.
	do(ctx context.Context, w *world, s step) error
}

// customer finds a customer by id; the only one needs none.
func (w *world) customer(path, id string) (*customer, error) {
	if id == "" && len(w.customers) == 1 {
		return w.customers[0], nil
	}
	for _, c := range w.customers {
		if c.id == id {
			return c, nil
		}
	}
	if id == "" {
		return nil, fmt.Errorf("%s: is missing: there are several customers", path)
	}
	return nil, fmt.Errorf("%s: there is no customer %q", path, exactyaml.Clip(id))
}

// subscribed finds the entry that begins a subscription; the only one needs no id.
func (w *world) subscribed(path, id string) (*Subscribe, error) {
	var found []*Subscribe
	for i := range w.scenario.Timeline {
		if of := w.scenario.Timeline[i].Subscribe; of != nil && (id == "" || of.ID == id) {
			found = append(found, of)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case id == "" && len(found) > 1:
		return nil, fmt.Errorf("%s: is missing: there are several subscriptions", path)
	case id == "":
		return nil, fmt.Errorf("%s: nobody has subscribed", path)
	}
	return nil, fmt.Errorf("%s: there is no subscription %q", path, exactyaml.Clip(id))
}

func (w *world) customerOf(path, subscriptionID string) (*customer, error) {
	entry, err := w.subscribed(path, subscriptionID)
	if err != nil {
		return nil, err
	}
	return w.customer("subscribe.customer", entry.Customer)
}

// book finds the records of a subscription. One that was refused, or begins later, has none.
func (w *world) book(path, subscriptionID string) (*book, error) {
	entry, err := w.subscribed(path, subscriptionID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(w.books, func(b *book) bool { return b.state.ID == entry.ID })
	if i < 0 {
		return nil, refuse("subscription_unknown", "subscription %s is not on record at this time", entry.ID)
	}
	return w.books[i], nil
}

func refuse(code, format string, args ...any) *subscription.Refusal {
	return &subscription.Refusal{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (a *Subscribe) whose(w *world) (*customer, error) {
	return w.customer("subscribe.customer", a.Customer)
}

// do opens the subscription. It begins when its start falls due, at once if that is now or earlier.
func (a *Subscribe) do(ctx context.Context, w *world, s step) error {
	b := &book{
		w: w, owner: s.who, zone: s.who.zone, currency: a.Currency, group: a.BillingGroup, order: a.PONumber,
		done: map[string]subscription.Command{}, agreed: map[planVersion]catalog.Agreed{},
	}
	b.Plans = b.Plan
	if b.currency == "" {
		b.currency = s.who.currency
	}
	b.planCredit = money.Zero(b.currency)
	if _, err := money.ParseCurrency(string(b.currency)); err != nil {
		return fmt.Errorf("subscribe.currency: %w", err)
	}
	agreement, err := a.agreement(w, s)
	if err != nil {
		return err
	}
	if err := agreement.Check(); err != nil {
		return err
	}
	if agreement, err = a.seatMembers(ctx, b, agreement); err != nil {
		return err
	}
	if err := b.beginAt(ctx, agreement.Terms, a.Prices); err != nil {
		return err
	}
	plan, err := b.Offer(ctx, agreement.Terms, agreement.StartAt)
	if err != nil {
		return err
	}
	if b.state, err = b.account().Open(agreement, plan); err != nil {
		return err
	}
	if plan.BilledBy == catalog.ByInvoiceRun {
		b.month = s.who.zone.DateOf(agreement.StartAt)
		b.month.Day = 1
	}
	b.place = len(w.books)
	w.books = append(w.books, b)
	b.await()
	return nil
}

func (a *Subscribe) agreement(w *world, s step) (lifecycle.Agreement, error) {
	agreement := lifecycle.Agreement{
		SubscriptionID: a.ID, CustomerID: s.who.id, StartAt: s.at, EndsAfter: a.EndsAfter,
		Terms: subscription.Terms{PlanID: a.Plan, PlanVersion: a.PlanVersion, Seats: a.Seats},
	}
	if !a.StartsAt.IsZero() {
		agreement.StartAt = a.StartsAt.In(s.who.zone)
	}
	if a.PlanVersion == 0 {
		agreement.Terms.PlanVersion = w.newest(a.Plan, agreement.StartAt, s.who.zone)
	}
	if !a.EndsAt.IsZero() {
		agreement.EndsAt = a.EndsAt.In(s.who.zone)
	}
	var err error
	agreement.Terms.AddOns, err = subscription.NewAddOns(quantities(a.AddOns)...)
	return agreement, err
}

// quantities are add-ons as terms have them.
func quantities(asked []Added) []subscription.HeldAddOn {
	list := make([]subscription.HeldAddOn, len(asked))
	for i, a := range asked {
		list[i] = subscription.HeldAddOn{ID: a.ID, Quantity: 1}
		if a.Quantity != nil {
			list[i].Quantity = *a.Quantity
		}
	}
	return list
}

func (a *Change) whose(w *world) (*customer, error) {
	return w.customerOf("change.subscription", a.Subscription)
}

func (a *Change) do(ctx context.Context, w *world, s step) error {
	b, err := w.book("change.subscription", a.Subscription)
	if err != nil {
		return err
	}
	asked := subscription.Command{At: s.at, AtPeriodEnd: a.When == PeriodEnd}
	if !a.On.IsZero() {
		asked.On = a.On.In(b.zone)
	}
	terms, err := a.terms(ctx, b, b.account().TermsBegin(b.state, asked))
	if err != nil {
		return err
	}
	if err := b.checkPrices(ctx, "change.prices", terms, a.Prices); err != nil {
		return err
	}
	return b.command(ctx, s, a.ID, a.Timing, subscription.Command{
		Kind: subscription.ChangeTerms, Terms: &terms, Prices: a.Prices, BillNext: a.Bill == BillNext, NewPeriod: a.NewPeriod,
	})
}

// terms are what is asked for from an instant on; what is left out stays as it is, or as it would be then.
func (a *Change) terms(ctx context.Context, b *book, begin time.Time) (subscription.Terms, error) {
	if a.Plan == "" && a.PlanVersion == 0 && a.Seats == nil && len(a.AddOns) == 0 {
		return subscription.Terms{}, errors.New("change: give a plan, a plan_version, seats or add_ons")
	}
	terms := b.state.Terms
	switch {
	case a.When == PeriodEnd && a.Plan == "" && a.PlanVersion == 0 && !a.asksFor(terms):
		terms = b.state.TermsAtBoundary()
	case a.PlanVersion != 0:
		terms.PlanVersion = a.PlanVersion
	case a.Plan != "" && a.Plan != terms.PlanID:
		terms.PlanVersion = b.w.newest(a.Plan, begin, b.zone)
	}
	if a.Plan != "" {
		terms.PlanID = a.Plan
	}
	plan, err := b.Plan(ctx, terms)
	switch {
	case err != nil:
		return terms, err
	case a.Seats != nil:
		terms.Seats = *a.Seats
	case !plan.HasSeats():
		terms.Seats = 0
	}
	terms.AddOns, err = terms.AddOns.Changed(quantities(a.AddOns)...)
	return terms, err
}

// asksFor says whether the seats and add-ons that are named are those of terms: at the period's end, what waits there is withdrawn.
func (a *Change) asksFor(terms subscription.Terms) bool {
	addOns, err := terms.AddOns.Changed(quantities(a.AddOns)...)
	return err == nil && addOns == terms.AddOns && (a.Seats == nil || *a.Seats == terms.Seats)
}

func (a *Pause) whose(w *world) (*customer, error) {
	return w.customerOf("pause.subscription", a.Subscription)
}

func (a *Pause) do(ctx context.Context, w *world, s step) error {
	b, err := w.book("pause.subscription", a.Subscription)
	if err != nil {
		return err
	}
	return b.command(ctx, s, a.ID, a.Timing, subscription.Command{Kind: subscription.Pause, Mode: a.Mode})
}

func (a *Resume) whose(w *world) (*customer, error) {
	return w.customerOf("resume.subscription", a.Subscription)
}

func (a *Resume) do(ctx context.Context, w *world, s step) error {
	b, err := w.book("resume.subscription", a.Subscription)
	if err != nil {
		return err
	}
	return b.command(ctx, s, a.ID, a.Timing, subscription.Command{Kind: subscription.Resume})
}

func (a *Cancel) whose(w *world) (*customer, error) {
	return w.customerOf("cancel.subscription", a.Subscription)
}

func (a *Cancel) do(ctx context.Context, w *world, s step) error {
	b, err := w.book("cancel.subscription", a.Subscription)
	if err != nil {
		return err
	}
	return b.command(ctx, s, a.ID, a.Timing, subscription.Command{Kind: subscription.Cancel, CreditUnused: a.CreditUnused, Reason: a.Reason})
}

// command has a subscription carry out a command, once for each id.
func (b *book) command(ctx context.Context, s step, id string, timing Timing, c subscription.Command) error {
	c.ID, c.At, c.Actor, c.AtPeriodEnd = id, s.at, "customer", timing.When == PeriodEnd
	if !timing.On.IsZero() {
		c.On = timing.On.In(b.zone)
	}
	if id == "" {
		c.ID = s.path
	}
	if before, done := b.done[c.ID]; done {
		if c.Repeats(before) {
			return nil
		}
		return refuse("command_id_reused", "command id %q was used for a %s at %s: give another command another id",
			c.ID, before.Kind, before.At.Format(time.RFC3339))
	}
	outcome, err := b.account().CarryOut(ctx, b.state, c)
	if err != nil {
		return err
	}
	b.accept(outcome)
	b.done[c.ID] = c
	return nil
}
