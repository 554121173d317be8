package service_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

var because = service.Explained{By: "ada", Why: "a test"}

// rule puts a rule in force.
func rule(t *testing.T, entity, name, kind, expression string) {
	t.Helper()
	_, err := running.Service.AddRule(t.Context(), service.NewRule{Explained: because, Entity: entity, Name: name, Kind: kind, Expression: expression})
	require.NoError(t, err)
	_, err = running.Service.EnableRule(t.Context(), entity, name, service.EnableRule{Explained: because, WithoutDryRun: true})
	require.NoError(t, err)
}

// buyer is a customer of a new seller with a card.
func buyer(t *testing.T, card string) (entity, customer string) {
	t.Helper()
	entity = running.Seller(t)
	in := startertest.NewCustomer(entity, entity+"-c")
	in.PaymentMethod = card
	running.Customer(t, in)
	return entity, in.ID
}

func attempt(t *testing.T, invoice string) store.Payment {
	t.Helper()
	payments, err := running.Store.Payments(t.Context(), invoice)
	require.NoError(t, err)
	require.NotEmpty(t, payments)
	return payments[len(payments)-1]
}

func becomes(t *testing.T, sub string, want subscription.Status) store.Subscription {
	t.Helper()
	var row store.Subscription
	require.Eventually(t, func() bool {
		var err error
		row, err = running.Store.Subscription(t.Context(), sub)
		return err == nil && row.Status == want
	}, time.Minute, 50*time.Millisecond, "subscription is %s", row.Status)
	return row
}

func TestAReviewIsDecidedEndToEnd(t *testing.T) {
	t.Parallel()
	entity, customer := buyer(t, "pm_card_visa")
	rule(t, entity, "first", "review", "payment.first")
	started := running.Subscribe(t, service.NewSubscription{ID: entity + "-s", Customer: customer, Plan: entity + "-pro"})
	require.Equal(t, subscription.Held, started.Status)
	held := attempt(t, started.Invoice.InvoiceID)
	require.Equal(t, store.PaymentPending, held.Status)
	require.Nil(t, held.ProviderCharge)
	open, err := running.Service.Reviews(t.Context(), service.ReviewQuery{Entity: entity, Status: "open"})
	require.NoError(t, err)
	require.Len(t, open.Data, 1)

	_, err = running.Service.DecideReview(t.Context(), held.ID, true, service.Explained{By: "grace"})
	requireKind(t, err, service.Invalid, "invalid_fields")
	decided, err := running.Service.DecideReview(t.Context(), held.ID, true, service.Explained{By: "grace", Why: "known from the fair"})
	require.NoError(t, err)
	require.Equal(t, store.ReviewApproved, decided.Status)
	require.Equal(t, store.PaymentSucceeded, attempt(t, started.Invoice.InvoiceID).Status)
	becomes(t, started.ID, subscription.Active)
	again, err := running.Service.DecideReview(t.Context(), held.ID, true, because)
	require.NoError(t, err)
	require.Equal(t, "grace", again.DecidedBy)
	_, err = running.Service.DecideReview(t.Context(), held.ID, false, because)
	requireKind(t, err, service.Refused, "review_decided")

	explained, err := running.Service.ExplainPayment(t.Context(), held.ID)
	require.NoError(t, err)
	require.EqualValues(t, "review", explained.Screening.Decision.Action)
	require.Equal(t, "payment.first", explained.Rules[0].Expression)
	require.Equal(t, "known from the fair", explained.Review.Reason)
	require.NotNil(t, explained.Outcome)
}

func TestADeclinedReviewLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ card, expression string }{
		"before it was charged":         {"pm_card_visa", "payment.first"},
		"after the provider charged it": {"pm_card_riskLevelElevated", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entity, customer := buyer(t, tt.card)
			if tt.expression != "" {
				rule(t, entity, "first", "review", tt.expression)
			}
			started := running.Subscribe(t, service.NewSubscription{ID: entity + "-s", Customer: customer, Plan: entity + "-pro"})
			require.Equal(t, subscription.Held, started.Status)
			payment := attempt(t, started.Invoice.InvoiceID)
			_, err := running.Service.DecideReview(t.Context(), payment.ID, false, service.Explained{By: "grace", Why: "the owner of the card knows nothing"})
			require.NoError(t, err)
			row := becomes(t, started.ID, subscription.Canceled)
			require.Equal(t, "declined_in_review", row.EndReason)
			require.Equal(t, row.StartedAt, *row.EndedAt)
			invoice, err := running.Store.Invoice(t.Context(), started.Invoice.InvoiceID)
			require.NoError(t, err)
			require.Equal(t, "paid", invoice.Status)
			shown, err := running.Service.Payment(t.Context(), payment.ID)
			require.NoError(t, err)
			if tt.expression != "" {
				require.Equal(t, "declined_in_review", shown.DeclineCode)
				require.Equal(t, invoice.AmountDue, invoice.AmountCredited)
				return
			}
			require.Len(t, shown.Refunds, 1)
			require.Equal(t, store.RefundSucceeded, shown.Refunds[0].Status)
			require.Equal(t, shown.Amount, shown.Refunds[0].Amount)
			require.False(t, shown.Refunds[0].Goodwill, "the invoice is corrected, and the tax with it")
		})
	}
}

func TestTheDeadlineDeclines(t *testing.T) {
	t.Parallel()
	entity := running.Seller(t)
	clock := entity + "-clock"
	running.Clock(t, clock, startertest.NextYear())
	in := startertest.NewCustomer(entity, entity+"-c")
	in.TestClock = clock
	running.Customer(t, in)
	rule(t, entity, "first", "review", "payment.first")
	started := running.Subscribe(t, service.NewSubscription{ID: entity + "-s", Customer: in.ID, Plan: entity + "-pro"})
	require.Equal(t, subscription.Held, started.Status)
	_, err := running.Service.AdvanceClock(t.Context(), clock, startertest.NextYear().Add(73*time.Hour), nil)
	require.NoError(t, err)
	becomes(t, started.ID, subscription.Canceled)
	review, err := running.Service.Review(t.Context(), attempt(t, started.Invoice.InvoiceID).ID)
	require.NoError(t, err)
	require.Equal(t, "deadline", review.DecidedBy)
	require.Equal(t, startertest.NextYear().Add(72*time.Hour), *review.DecidedAt)
}

func TestWarningsAreToldAndRefunded(t *testing.T) {
	t.Parallel()
	entity, customer := buyer(t, "pm_card_createIssuerFraudRecord")
	started := running.Subscribe(t, service.NewSubscription{ID: entity + "-s", Customer: customer, Plan: entity + "-pro"})
	payment := attempt(t, started.Invoice.InvoiceID)
	list := running.Config.Stripe().RadarEarlyFraudWarnings.List(nil)
	id := ""
	for list.Next() {
		if warning := list.RadarEarlyFraudWarning(); warning.Charge.ID == *payment.ProviderCharge {
			id = warning.ID
		}
	}
	require.NoError(t, list.Err())
	require.NotEmpty(t, id)
	object := `{"id":"` + id + `","object":"radar.early_fraud_warning","charge":"` + *payment.ProviderCharge + `"}`
	toldOf(t, "radar.early_fraud_warning.created", object)
	require.Eventually(t, func() bool {
		found, err := running.Service.Warnings(t.Context(), service.WarningQuery{Entity: entity, Open: true})
		return err == nil && len(found.Data) == 1
	}, time.Minute, 50*time.Millisecond)
	items, err := running.Service.ListItems(t.Context(), entity, fraud.BlockedEmails, "", 0)
	require.NoError(t, err)
	require.Equal(t, store.FromWarning, items.Data[0].Source)
	for range 2 {
		refund, err := running.Service.RefundWarning(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, payment.Amount, refund.Amount)
	}
	toldOf(t, "radar.early_fraud_warning.updated", object)
	require.Eventually(t, func() bool {
		found, err := running.Service.Warnings(t.Context(), service.WarningQuery{Entity: entity, Open: true})
		return err == nil && len(found.Data) == 0
	}, time.Minute, 50*time.Millisecond)
	require.Equal(t, "ignored", toldOf(t, "review.opened", `{"id":"prv_x","object":"review"}`).Status)
	require.Equal(t, "ignored", toldOf(t, "review.opened", `{"id":"prv_x","object":"review","charge":"ch_of_nobody"}`).Status)
}

// toldOf keeps an event about an object and answers what became of it.
func toldOf(t *testing.T, kind, object string) store.InboundEvent {
	t.Helper()
	id := "evt_" + running.NewID()
	require.NoError(t, running.Service.KeepEvent(t.Context(),
		fmt.Appendf(nil, `{"id":%q,"type":%q,"created":%d,"data":{"object":%s}}`, id, kind, time.Now().Unix(), object)))
	got, err := running.Service.ReplayEvent(t.Context(), id)
	require.NoError(t, err)
	return got
}

func TestRulesAreTriedBeforeTheyGoLive(t *testing.T) {
	t.Parallel()
	entity, customer := buyer(t, "pm_card_visa")
	running.Subscribe(t, service.NewSubscription{ID: entity + "-s", Customer: customer, Plan: entity + "-pro"})
	disputed := startertest.NewCustomer(entity, entity+"-d")
	disputed.PaymentMethod = "pm_card_createDispute"
	running.Customer(t, disputed)
	started := running.Subscribe(t, service.NewSubscription{ID: entity + "-ds", Customer: disputed.ID, Plan: entity + "-pro"})
	require.Equal(t, store.PaymentSucceeded, attempt(t, started.Invoice.InvoiceID).Status)

	const expression = `payment.amount >= 1000 && customer.id.endsWith("-d")`
	added, err := running.Service.AddRule(t.Context(), service.NewRule{Explained: because, Entity: entity, Name: "big", Kind: "block", Expression: expression})
	require.NoError(t, err)
	require.Equal(t, 1, added.Version)
	again, err := running.Service.AddRule(t.Context(), service.NewRule{Explained: because, Entity: entity, Name: "big", Kind: "block", Expression: expression})
	require.NoError(t, err)
	require.Equal(t, 1, again.Version, "repeating it changes nothing")
	_, err = running.Service.EnableRule(t.Context(), entity, "big", service.EnableRule{Explained: because})
	requireKind(t, err, service.Refused, "dry_run_missing")
	_, err = running.Service.TestRule(t.Context(), service.RuleTest{Entity: entity, Kind: "block", Expression: expression + " "})
	require.NoError(t, err)
	_, err = running.Service.EnableRule(t.Context(), entity, "big", service.EnableRule{Explained: because})
	requireKind(t, err, service.Refused, "dry_run_missing")
	ran, err := running.Service.TestRule(t.Context(), service.RuleTest{Entity: entity, Kind: "block", Expression: expression})
	require.NoError(t, err)
	require.Equal(t, [3]int64{2, 1, 1}, [3]int64{ran.Payments, ran.Matched, ran.Succeeded})
	live, err := running.Service.EnableRule(t.Context(), entity, "big", service.EnableRule{Explained: because})
	require.NoError(t, err)
	require.Equal(t, store.RuleLive, live.Status)
	require.Equal(t, ran.ID, *live.DryRunID)

	rule(t, entity, "big", "block", "payment.amount > 1")
	versions, err := running.Service.Rule(t.Context(), entity, "big")
	require.NoError(t, err)
	require.Equal(t, []string{store.RuleLive, store.RuleRetired}, []string{versions.Data[0].Status, versions.Data[1].Status})
	blocked := running.Subscribe(t, service.NewSubscription{ID: entity + "-s2", Customer: customer, Plan: entity + "-pro"})
	require.Equal(t, subscription.PastDue, blocked.Status)
	require.Equal(t, "blocked_by_rule", attempt(t, blocked.Invoice.InvoiceID).DeclineCode)
	retired, err := running.Service.RetireRule(t.Context(), entity, "big", service.RetireRule{Explained: because})
	require.NoError(t, err)
	require.Equal(t, 2, retired.Version)
}

func TestWhatIsWrongWithARule(t *testing.T) {
	t.Parallel()
	entity := running.Seller(t)
	for says, in := range map[string]service.NewRule{
		"line 1, column 8: undefined field 'amonut'": {Entity: entity, Name: "r", Kind: "block", Expression: "payment.amonut > 1"},
		"is not a kind of rule":                      {Entity: entity, Name: "r", Kind: "stop", Expression: "true"},
		`there is no list "nowhere"`:                 {Entity: entity, Name: "r", Kind: "block", Expression: `listed("nowhere", customer.email)`},
		"nobody":                                     {Entity: "nobody", Name: "r", Kind: "block", Expression: "true"},
	} {
		in.Explained = because
		_, err := running.Service.AddRule(t.Context(), in)
		requireKind(t, err, service.Invalid, "invalid_fields")
		require.ErrorContains(t, err, says)
	}
	_, err := running.Service.AddRule(t.Context(), service.NewRule{Entity: entity, Name: "r", Kind: "block", Expression: "true"})
	require.ErrorContains(t, err, "by: is empty")
	rules, err := running.Service.Rules(t.Context(), entity, "")
	require.NoError(t, err)
	require.Empty(t, rules.Data)
}

func TestListsAreKept(t *testing.T) {
	t.Parallel()
	entity := running.Seller(t)
	for range 2 {
		_, err := running.Service.CreateList(t.Context(), service.NewList{Entity: entity, Name: "farms", Type: "email", By: "ada"})
		require.NoError(t, err)
	}
	_, err := running.Service.CreateList(t.Context(), service.NewList{Entity: entity, Name: "farms", Type: "country", By: "ada"})
	requireKind(t, err, service.Conflict, "list_exists")
	added, err := running.Service.AddListItem(t.Context(), entity, "farms", service.NewListItem{Explained: because, Value: " M.allory+1@Gmail.com"})
	require.NoError(t, err)
	require.Equal(t, "mallory@gmail.com", added.Value)
	_, err = running.Service.AddListItem(t.Context(), entity, "farms", service.NewListItem{Explained: because, Value: "nobody"})
	requireKind(t, err, service.Invalid, "invalid_fields")
	_, err = running.Service.AddListItem(t.Context(), entity, "none", service.NewListItem{Explained: because, Value: "a@b.cd"})
	requireKind(t, err, service.NotFound, "not_found")
	_, err = running.Service.AddListItem(t.Context(), entity, "farms", service.NewListItem{Explained: because, Value: "a@b.cd", ExpiresAt: time.Now().Add(-time.Hour)})
	requireKind(t, err, service.Invalid, "invalid_fields")
	_, err = running.Service.RemoveListItem(t.Context(), entity, "farms", "mallory@gmail.com", because)
	require.NoError(t, err)
	_, err = running.Service.RemoveListItem(t.Context(), entity, "farms", "mallory@gmail.com", because)
	requireKind(t, err, service.NotFound, "not_found")
}

func TestTrialsAreLimitedEndToEnd(t *testing.T) {
	t.Parallel()
	entity, customer := buyer(t, "pm_card_visa")
	other := startertest.NewCustomer(entity, entity+"-d")
	running.Customer(t, other)
	plans := `[{"id":"$-trial","version":1,"name":"Trial","interval":{"unit":"month","count":1},"trial_days":14,"proration":"day","billed_by":"renewal",
	  "charges":[{"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c","prices":{"USD":{"model":"flat","flat_amount":"10"}}}]}]`
	_, err := running.Service.AddPlans(t.Context(), entity, strings.NewReader(startertest.Fill(entity, plans)))
	require.NoError(t, err)
	limits := fraud.DefaultTrialLimits()
	policy := fraud.DefaultPolicy()
	policy.Trials = &limits
	_, err = running.Service.SetFraudPolicy(t.Context(), entity, policy)
	require.NoError(t, err)
	first := running.Subscribe(t, service.NewSubscription{ID: entity + "-s", Customer: customer, Plan: entity + "-trial"})
	require.Equal(t, subscription.Trialing, first.Status)
	_, err = running.Service.Subscribe(t.Context(), service.NewSubscription{ID: entity + "-s2", Customer: other.ID, Plan: entity + "-trial"})
	requireKind(t, err, service.Refused, "trial_limit_reached")
	policy.ReviewHours = 0
	_, err = running.Service.SetFraudPolicy(t.Context(), entity, policy)
	requireKind(t, err, service.Invalid, "invalid_fields")
}
