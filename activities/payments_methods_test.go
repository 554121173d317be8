package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// give writes a method down that is to be set up.
func (b *bundle) give(customer, token string, position int) string {
	b.t.Helper()
	id := fmt.Sprintf("m_%s_%s_%d", customer, token, position)
	require.NoError(b.t, b.AddMethod(b.ctx, store.PaymentMethod{ID: id, CustomerID: customer, ProviderToken: token, Position: position, ChangedAt: day0}))
	return id
}

func (b *bundle) follow(id string, step message.PaymentMethodStep, at time.Time) message.PaymentMethodState {
	b.t.Helper()
	return b.take(message.PaymentMethodInput{MethodID: id, Step: step, At: at})
}

// take repeats a step as Temporal would.
func (b *bundle) take(in message.PaymentMethodInput) message.PaymentMethodState {
	b.t.Helper()
	var state message.PaymentMethodState
	var err error
	for range 5 {
		if state, err = b.payments.FollowPaymentMethod(b.ctx, in); err == nil {
			return state
		}
	}
	require.NoError(b.t, err)
	return state
}

func (b *bundle) method(id string) store.PaymentMethod {
	b.t.Helper()
	row, err := b.PaymentMethodByID(b.ctx, id)
	require.NoError(b.t, err)
	return row
}

func TestSetUpOfEachKind(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		token, kind, last4 string
		currency           money.Currency
		reference          bool
	}{
		{"pm_card_mastercard", "card", "", "EUR", false},
		{"pm_usBankAccount_success", "us_bank_account", "6789", "USD", false},
		{"pm_success_de", "sepa_debit", "3000", "EUR", true},
		{"pm_bacsDebit_success", "bacs_debit", "2345", "GBP", true},
		{"pm_auBecsDebit_success", "au_becs_debit", "3456", "AUD", false},
		{"pm_acssDebit_success", "acss_debit", "6789", "CAD", false},
	} {
		t.Run(tc.kind, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.customer("ada", tc.currency, "")
			id := b.give("ada", tc.token, 1)
			state := b.follow(id, message.SetUpStep, day0)
			require.Equal(t, message.PaymentMethodState{MethodID: id, Kind: tc.kind, Status: store.MethodUsable, Changed: true}, state)
			again := b.follow(id, message.SetUpStep, day0.Add(time.Hour))
			require.False(t, again.Changed)
			row := b.method(id)
			require.True(t, row.Active)
			require.Equal(t, tc.last4, row.Last4)
			require.Equal(t, tc.reference, row.MandateReference != "")
			require.NotNil(t, row.ProviderID)
			if tc.kind == "card" {
				require.Nil(t, row.Mandate)
				require.Equal(t, "mastercard", row.Network)
				require.Equal(t, "credit", row.Funding)
				return
			}
			given, err := b.payments.Stripe.Mandates.Get(*row.Mandate, nil)
			require.NoError(t, err)
			require.Equal(t, stripe.MandateStatusActive, given.Status)
			require.Equal(t, stripe.MandateCustomerAcceptanceTypeOffline, given.CustomerAcceptance.Type)
			require.Equal(t, day0.Unix(), given.CustomerAcceptance.AcceptedAt)
			require.Equal(t, *row.ProviderID, given.PaymentMethod.ID)
		})
	}
}

// Whatever happens to the answers, a method is set up with one setup intent and one mandate, and attached once.
func TestSetUpHappensOnce(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/v1/customers", "/v1/payment_methods", "/v1/setup_intents", "/v1/mandates"} {
		for _, kind := range []sandbox.FaultKind{sandbox.ServerErrorAfter, sandbox.ServerError, sandbox.DropAfterCommit, sandbox.DropBefore, sandbox.TooManyRequests} {
			t.Run(path+" "+string(kind), func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				b.customer("ada", "EUR", "")
				id := b.give("ada", "pm_success_de", 1)
				b.fault(sandbox.Fault{Kind: kind, PathPrefix: path})
				require.Equal(t, store.MethodUsable, b.follow(id, message.SetUpStep, day0).Status)
				customer, err := b.Customer(b.ctx, "ada")
				require.NoError(t, err)
				made := 0
				list := b.payments.Stripe.SetupIntents.List(&stripe.SetupIntentListParams{Customer: customer.ProviderCustomerID})
				for list.Next() {
					made++
					require.Equal(t, *b.method(id).SetupIntent, list.SetupIntent().ID)
				}
				require.NoError(t, list.Err())
				require.Equal(t, 1, made)
			})
		}
	}
}

func TestSetUpRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "")
	b.customer("bob", "EUR", "")
	first := b.give("ada", "pm_card_visa", 1)
	b.follow(first, message.SetUpStep, day0)
	bobs := b.give("bob", "pm_card_visa", 1)
	b.follow(bobs, message.SetUpStep, day0)
	detached := b.give("bob", "pm_card_mastercard", 2)
	b.follow(detached, message.SetUpStep, day0)
	_, err := b.payments.Stripe.PaymentMethods.Detach(*b.method(detached).ProviderID, nil)
	require.NoError(t, err)
	redirecting, err := b.payments.Stripe.PaymentMethods.New(&stripe.PaymentMethodParams{Type: stripe.String("ideal")})
	require.NoError(t, err)
	for _, tc := range []struct{ token, reason, says string }{
		{"pm_nobody", "payment_method_unknown", "No such PaymentMethod"},
		{*b.method(bobs).ProviderID, "payment_method_detached", "already been attached to a customer"},
		{*b.method(detached).ProviderID, "payment_method_detached", "It may not be used again"},
		{"pm_card_chargeDeclined", "generic_decline", "declined"},
		{"pm_usBankAccount_success", "payment_method_unsupported", "takes USD, not EUR"},
		{redirecting.ID, "return_url_missing", "return_url"},
	} {
		id := b.give("ada", tc.token, 1)
		state := b.follow(id, message.SetUpStep, day0)
		require.Equal(t, store.MethodDropped, state.Status, tc.token)
		require.Equal(t, tc.reason, state.Reason, tc.token)
		require.Contains(t, state.Refusal, tc.says)
		require.Equal(t, store.MethodDropped, b.follow(id, message.RefreshStep, day0).Status, "it stays so")
		_, err := b.PaymentMethodByID(b.ctx, id)
		require.ErrorIs(t, err, store.ErrNotFound, "nothing is left of it")
		methods, err := b.PaymentMethods(b.ctx, "ada")
		require.NoError(t, err)
		require.Len(t, methods, 1)
		require.Equal(t, first, methods[0].ID, "what was in the place stays")
	}
}

// unverified is a bank account that was typed in.
func (b *bundle) unverified(customer, account string) string {
	b.t.Helper()
	made, err := b.payments.Stripe.PaymentMethods.New(&stripe.PaymentMethodParams{
		Type: stripe.String("us_bank_account"), BillingDetails: &stripe.PaymentMethodBillingDetailsParams{Name: stripe.String("Ada")},
		USBankAccount: &stripe.PaymentMethodUSBankAccountParams{
			AccountHolderType: stripe.String("individual"), AccountNumber: &account, RoutingNumber: stripe.String("110000000"),
		},
	})
	require.NoError(b.t, err)
	return b.give(customer, made.ID, 1)
}

func TestMicrodeposits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "USD", "pm_card_visa")
	id := b.unverified("ada", "000123456789")
	state := b.follow(id, message.SetUpStep, day0)
	require.Equal(t, store.MethodVerifying, state.Status)
	require.Equal(t, "verify_with_microdeposits", state.Reason)
	require.False(t, b.method(id).Active, "the card is charged until it is verified")

	wrong := message.PaymentMethodInput{MethodID: id, Step: message.VerifyStep, At: day0, Amounts: []int64{1, 2}}
	for range 3 {
		state = b.take(wrong)
		require.Equal(t, store.MethodVerifying, state.Status)
		require.Contains(t, state.Refusal, "9 verification attempts remaining", "the same answer is one try")
	}
	b.fault(sandbox.Fault{Kind: sandbox.ServerErrorAfter, PathPrefix: "/v1/setup_intents/"})
	state = b.take(message.PaymentMethodInput{MethodID: id, Step: message.VerifyStep, At: day0, Code: "SM11AA"})
	require.Equal(t, store.MethodUsable, state.Status)
	require.Empty(t, state.Refusal)
	methods, err := b.PaymentMethods(b.ctx, "ada")
	require.NoError(t, err)
	require.Len(t, methods, 1)
	require.Equal(t, id, methods[0].ID)
	require.Equal(t, store.MethodUsable, b.take(wrong).Status, "verified is verified")
}

func TestTooManyTriesToVerify(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "USD", "pm_card_visa")
	id := b.unverified("ada", "000123456789")
	b.follow(id, message.SetUpStep, day0)
	for try := range 9 {
		state := b.take(message.PaymentMethodInput{MethodID: id, Step: message.VerifyStep, At: day0, Amounts: []int64{1, int64(try + 2)}})
		require.Equal(t, store.MethodVerifying, state.Status)
	}
	state := b.take(message.PaymentMethodInput{MethodID: id, Step: message.VerifyStep, At: day0, Amounts: []int64{1, 99}})
	require.Equal(t, store.MethodDropped, state.Status)
	require.Equal(t, "payment_method_microdeposit_verification_attempts_exceeded", state.Reason)
	require.NotEmpty(t, state.Refusal)
	methods, err := b.PaymentMethods(b.ctx, "ada")
	require.NoError(t, err)
	require.NotEqual(t, id, methods[0].ID, "the card stays")
}

// What an approval at the customer's bank makes is a SEPA debit, and that is what is charged.
func TestIDEALAndBancontactBecomeSEPA(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"ideal", "bancontact"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.customer("ada", "EUR", "")
			made, err := b.payments.Stripe.PaymentMethods.New(&stripe.PaymentMethodParams{Type: &kind, BillingDetails: &stripe.PaymentMethodBillingDetailsParams{
				Name: stripe.String("Ada"), Email: stripe.String("ada@example.com"),
			}})
			require.NoError(t, err)
			id := b.give("ada", made.ID, 1)
			state := b.take(message.PaymentMethodInput{MethodID: id, Step: message.SetUpStep, At: day0, ReturnURL: "https://shop.example.com/back"})
			require.Equal(t, message.PaymentMethodState{MethodID: id, Kind: kind, Status: store.MethodVerifying, Reason: "redirect_to_url", Changed: true}, state)
			intent, err := b.payments.Stripe.SetupIntents.Get(*b.method(id).SetupIntent, nil)
			require.NoError(t, err)
			require.NoError(t, sandbox.Authenticate(b.ctx, b.sandbox.StripeURL(), intent.ID, intent.ClientSecret, true))
			state = b.follow(id, message.RefreshStep, day0.Add(time.Minute))
			require.Equal(t, store.MethodUsable, state.Status)
			require.Equal(t, "sepa_debit", state.Kind)
			row := b.method(id)
			require.NotEqual(t, made.ID, *row.ProviderID)
			require.NotNil(t, row.Mandate)
			require.NotEmpty(t, row.MandateReference)
			require.True(t, row.Active)
		})
	}
	b := setup(t)
	b.customer("bob", "EUR", "")
	made, err := b.payments.Stripe.PaymentMethods.New(&stripe.PaymentMethodParams{Type: stripe.String("ideal")})
	require.NoError(t, err)
	id := b.give("bob", made.ID, 1)
	b.take(message.PaymentMethodInput{MethodID: id, Step: message.SetUpStep, At: day0, ReturnURL: "https://shop.example.com/back"})
	intent, err := b.payments.Stripe.SetupIntents.Get(*b.method(id).SetupIntent, nil)
	require.NoError(t, err)
	require.NoError(t, sandbox.Authenticate(b.ctx, b.sandbox.StripeURL(), intent.ID, intent.ClientSecret, false))
	require.Equal(t, store.MethodDropped, b.follow(id, message.RefreshStep, day0).Status, "the bank did not approve")
}

func TestRefreshFollowsTheProvider(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "")
	card, debit := b.give("ada", "pm_card_visa", 1), b.give("ada", "pm_success_de", 2)
	b.follow(card, message.SetUpStep, day0)
	b.follow(debit, message.SetUpStep, day0)
	update := sandbox.CardUpdate{PaymentMethod: *b.method(card).ProviderID, ExpMonth: 1, ExpYear: 2039}
	require.NoError(t, sandbox.UpdateCard(b.ctx, b.sandbox.StripeURL(), update))
	renewed := day0.Add(time.Hour)
	for later := range 3 {
		state := b.follow(card, message.RefreshStep, renewed.Add(time.Duration(later)*time.Hour))
		require.Equal(t, later == 0, state.Changed)
		require.True(t, b.method(card).DetailsChangedAt.Equal(renewed.Add(time.Millisecond)), "told again, it changed once")
	}
	_, err := b.payments.Stripe.PaymentMethods.Detach(*b.method(card).ProviderID, nil)
	require.NoError(t, err)
	require.Equal(t, store.MethodDetached, b.follow(card, message.RefreshStep, renewed).Status)
	require.Equal(t, store.MethodDetached, b.follow(card, message.RefreshStep, renewed).Status)
	require.Equal(t, store.MethodUsable, b.follow(debit, message.RefreshStep, renewed).Status)
}
