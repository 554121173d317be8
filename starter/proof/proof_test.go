package proof_test

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/proof"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

var running startertest.Stack

func TestMain(m *testing.M) { os.Exit(startertest.Run(m, &running)) }

// The order of a report's proofs.
const (
	postings = iota
	payments
	periods
)

func report(t *testing.T) proof.Report {
	t.Helper()
	got, err := proof.Run(t.Context(), running.Store, running.Config.StripeURL)
	require.NoError(t, err)
	require.Len(t, got.Proofs, 3)
	return got
}

// falsify changes a row as nobody could who keeps to the rules: with the triggers off.
func falsify(t *testing.T, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), running.Config.DatabaseURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), "SET session_replication_role = replica")
	require.NoError(t, err)
	tag, err := conn.Exec(t.Context(), statement)
	require.NoError(t, err)
	require.EqualValues(t, 1, tag.RowsAffected(), statement)
}

// falsification is a change of the records, the proof that must find it, and the words in which it does.
type falsification struct {
	change, undo string
	proof        int
	names        []string
}

// falsifications of the books of one subscription, whose only invoice is paid.
func falsifications(id, invoice string) map[string]falsification {
	paid := `UPDATE payment SET %s WHERE invoice_id = '` + invoice + `'`
	refund := `UPDATE refund SET %s WHERE id = '` + id + `-refund'`
	return map[string]falsification{
		"a posting": {
			`UPDATE ledger_posting SET amount = amount + 1 WHERE seq = 1 AND transaction_id = (SELECT MIN(id) FROM ledger_transaction)`,
			`UPDATE ledger_posting SET amount = amount - 1 WHERE seq = 1 AND transaction_id = (SELECT MIN(id) FROM ledger_transaction)`,
			postings,
			[]string{"transaction balances", invoice},
		},
		"an amount that was paid": {
			fmt.Sprintf(paid, "amount = amount + 1"), fmt.Sprintf(paid, "amount = amount - 1"), payments, []string{"the provider took USD 10.00, we have USD 10.01"},
		},
		"a payment that failed": {
			fmt.Sprintf(paid, "status = 'failed'"), fmt.Sprintf(paid, "status = 'succeeded'"), payments, []string{"succeeded for the provider, failed for us", invoice + ": paid 0 times"},
		},
		"a charge that the provider does not know": {
			fmt.Sprintf(paid, "provider_charge = provider_charge || '!'"), fmt.Sprintf(paid, "provider_charge = rtrim(provider_charge, '!')"), payments,
			[]string{"is in the provider's books and not in ours", "of invoice " + invoice + " is in our books and not in the provider's"},
		},
		"a fee": {
			fmt.Sprintf(paid, "provider_fee = provider_fee + 1"), fmt.Sprintf(paid, "provider_fee = provider_fee - 1"), payments, []string{"the provider kept"},
		},
		"an amount that was refunded": {
			fmt.Sprintf(refund, "amount = amount + 1"), fmt.Sprintf(refund, "amount = amount - 1"), payments, []string{"the provider refunded USD 3.00, we have USD 3.01"},
		},
		"a refund that failed": {
			fmt.Sprintf(refund, "status = 'failed'"), fmt.Sprintf(refund, "status = 'succeeded'"), payments, []string{"succeeded for the provider, failed for us"},
		},
		"a refund that the ledger would not know": {
			fmt.Sprintf(refund, "goodwill = FALSE"), fmt.Sprintf(refund, "goodwill = TRUE"), postings, []string{"Refunds: the ledger has 300 USD, the facts say 0"},
		},
		"a refund that the provider does not know": {
			fmt.Sprintf(refund, "provider_refund = provider_refund || '!'"), fmt.Sprintf(refund, "provider_refund = rtrim(provider_refund, '!')"), payments,
			[]string{"(succeeded) is in the provider's books and not in ours", "is in our books and not in the provider's"},
		},
	}
}

// periodFalsifications are those of its periods and terms.
func periodFalsifications(id, invoice string) map[string]falsification {
	return map[string]falsification{
		"a period of another number": {
			`UPDATE subscription_cycle SET cycle = 7 WHERE subscription_id = '` + id + `'`, `UPDATE subscription_cycle SET cycle = 0 WHERE subscription_id = '` + id + `'`,
			periods,
			[]string{"subscription " + id + ", period 0: is not recorded"},
		},
		"seats that nobody agreed to": {
			`UPDATE subscription SET seats = 9 WHERE id = '` + id + `'`, `UPDATE subscription SET seats = 0 WHERE id = '` + id + `'`, periods,
			[]string{"subscription " + id + ", period 0: is on plan", "with 9 seats and add-ons [], but plan"},
		},
		"a workflow that sleeps too long": {
			`UPDATE subscription SET next_action_at = next_action_at - interval '10 years' WHERE id = '` + id + `'`,
			`UPDATE subscription SET next_action_at = next_action_at + interval '10 years' WHERE id = '` + id + `'`, periods,
			[]string{"subscription " + id + ", period 0: was to act at ", "is workflow subscription/" + id + " running?"},
		},
		"terms that ended unnoticed": {
			`UPDATE subscription_segment SET to_at = from_at + interval '1 hour' WHERE subscription_id = '` + id + `'`,
			`UPDATE subscription_segment SET to_at = NULL WHERE subscription_id = '` + id + `'`, periods,
			[]string{"is active, but no terms are in force"},
		},
		"an invoice that its period does not name": {
			`UPDATE subscription_cycle SET invoice_id = NULL, skipped_because = 'forgotten' WHERE subscription_id = '` + id + `'`,
			`UPDATE subscription_cycle SET invoice_id = '` + invoice + `', skipped_because = NULL WHERE subscription_id = '` + id + `'`,
			periods,
			[]string{"has invoice " + invoice + " that its record does not name"},
		},
	}
}

// A proof that cannot fail proves nothing: each falsification is found by the proof whose matter it is, and named.
func TestProofsNameWhatIsWrong(t *testing.T) { //nolint:paralleltest // it falsifies the books that other tests would read
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id))
	subscribed := running.Subscribe(t, service.NewSubscription{ID: id, Customer: id, Plan: id + "-pro"})
	invoice := subscribed.Invoice.InvoiceID
	paid, err := running.Service.Payments(t.Context(), service.PaymentQuery{Invoice: invoice})
	require.NoError(t, err)
	_, err = running.Service.RefundPayment(t.Context(), paid.Data[0].ID, service.NewRefund{ID: id + "-refund", Amount: 300, Goodwill: true, Reason: "outage"})
	require.NoError(t, err)
	require.True(t, report(t).Holds(), "%+v", report(t))
	all := falsifications(id, invoice)
	maps.Copy(all, periodFalsifications(id, invoice))
	for name, tt := range all { //nolint:paralleltest // one after the other
		t.Run(name, func(t *testing.T) {
			falsify(t, tt.change)
			found := report(t)
			falsify(t, tt.undo)
			require.False(t, found.Holds())
			faults := strings.Join(found.Proofs[tt.proof].Faults, "\n")
			for _, words := range tt.names {
				require.Contains(t, faults, words)
			}
			require.True(t, report(t).Holds(), "nothing else was changed")
		})
	}

	debitsAreProven(t, id)
	disputesAreProven(t, id)
	depositsAreProven(t, id)

	// The sandbox's own books contradict ours when it took money that we did not ask for.
	customer, err := running.Service.Customer(t.Context(), id)
	require.NoError(t, err)
	taken, err := running.Config.Stripe().PaymentIntents.New(&stripe.PaymentIntentParams{
		Amount: stripe.Int64(777), Currency: stripe.String("usd"), Customer: customer.ProviderCustomerID,
		PaymentMethod: stripe.String("pm_card_visa"), Confirm: stripe.Bool(true), OffSession: stripe.Bool(true),
	})
	require.NoError(t, err)
	require.Equal(t, stripe.PaymentIntentStatusSucceeded, taken.Status)
	found := report(t)
	require.False(t, found.Proofs[payments].Holds())
	require.Contains(t, found.Proofs[payments].Faults, "charge "+taken.LatestCharge.ID+" of 777 usd (succeeded) is in the provider's books and not in ours")
	require.True(t, found.Proofs[postings].Holds())
	require.True(t, found.Proofs[periods].Holds())
}

// debitsAreProven shows that a bank debit which the banks have still to answer is no fault, and that to believe it paid is one.
func debitsAreProven(t *testing.T, id string) {
	t.Helper()
	debited := startertest.NewCustomer(id, id+"-debited")
	debited.PaymentMethod = "pm_usBankAccount_success"
	running.Customer(t, debited)
	invoice := running.Subscribe(t, service.NewSubscription{ID: id + "-debited", Customer: id + "-debited", Plan: id + "-pro"}).Invoice.InvoiceID
	found, err := running.Service.Payments(t.Context(), service.PaymentQuery{Invoice: invoice})
	require.NoError(t, err)
	require.Equal(t, store.PaymentProcessing, found.Data[0].Status)
	require.True(t, report(t).Holds(), "%+v", report(t))
	believe := `UPDATE payment SET status = '%s', settled_at = %s WHERE invoice_id = '` + invoice + `'`
	falsify(t, fmt.Sprintf(believe, "succeeded", "asked_at"))
	require.Contains(t, strings.Join(report(t).Proofs[payments].Faults, "\n"), "pending for the provider, succeeded for us")
	falsify(t, fmt.Sprintf(believe, "processing", "NULL"))
	require.True(t, report(t).Holds())
}

// disputesAreProven shows that a dispute is found while our books lack it, and that each of its figures counts.
func disputesAreProven(t *testing.T, id string) {
	t.Helper()
	// A bank took a payment back, and nobody has told us.
	disputed := startertest.NewCustomer(id, id+"-disputed")
	disputed.PaymentMethod = "pm_card_createDispute"
	running.Customer(t, disputed)
	running.Subscribe(t, service.NewSubscription{ID: id + "-disputed", Customer: id + "-disputed", Plan: id + "-pro"})
	withdrawn := report(t).Proofs[payments].Faults
	require.Len(t, withdrawn, 2)
	require.Regexp(t, "^charge ch_.*: the provider took 1000 usd back in dispute dp_.* which is not in our books$", withdrawn[0])
	require.Regexp(t, "^the provider holds USD .* for us, our ledger says USD .*$", withdrawn[1])

	// Then we are told, and the books agree.
	running.Events(t, "charge.dispute.created")
	require.Eventually(t, func() bool { return report(t).Holds() }, 20*time.Second, 50*time.Millisecond)
	for change, words := range map[string]string{
		"status = 'under_review'":   "needs_response for the provider, under_review for us",
		"amount = amount - 1":       "the provider disputed USD 10.00, we have USD 9.99",
		"withdrawn = withdrawn - 1": "the provider withdrew USD 10.00, we have USD 9.99",
		"fee = fee - 1":             "the provider charged a fee of USD 15.00, we have USD 14.99",
	} {
		kept := `UPDATE dispute SET status = 'needs_response', amount = 1000, withdrawn = 1000, fee = 1500`
		falsify(t, `UPDATE dispute SET `+change)
		require.Contains(t, strings.Join(report(t).Proofs[payments].Faults, "\n"), words)
		falsify(t, kept)
	}
	require.True(t, report(t).Holds())
}
