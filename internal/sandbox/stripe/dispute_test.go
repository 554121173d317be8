package stripe_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

// disputed makes a payment that is disputed at once.
func (b *bundle) disputed(t testing.TB, token string) (*stripego.PaymentIntent, *stripego.Dispute) {
	t.Helper()
	p, err := b.api.PaymentIntents.New(offSession(b.customer(t).ID, token, 2000, "usd"))
	require.NoError(t, err)
	it := b.api.Disputes.List(&stripego.DisputeListParams{PaymentIntent: &p.ID})
	require.True(t, it.Next())
	return p, it.Dispute()
}

func (b *bundle) net(t testing.TB) int64 {
	t.Helper()
	books, err := sandbox.FetchBooks(b.ctx, b.StripeURL())
	require.NoError(t, err)
	balance, err := b.api.Balance.Get(nil)
	require.NoError(t, err)
	require.Equal(t, books.Totals[0].Net, balance.Pending[0].Amount+balance.Available[0].Amount)
	return books.Totals[0].Net
}

func evidence(words string) *stripego.DisputeParams {
	return &stripego.DisputeParams{Evidence: &stripego.DisputeEvidenceParams{UncategorizedText: &words}}
}

func TestDisputeIsWonOrLostByItsEvidence(t *testing.T) {
	t.Parallel()
	const paid = 2000 - 88
	for words, want := range map[string]struct {
		status stripego.DisputeStatus
		net    int64
	}{
		"winning_evidence": {stripego.DisputeStatusWon, paid}, "losing_evidence": {stripego.DisputeStatusLost, paid - 2000 - 1500},
		"we did deliver": {stripego.DisputeStatusUnderReview, paid - 2000 - 1500},
	} {
		t.Run(words, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			in := newInbox(t, b, "charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated", "charge.dispute.funds_reinstated", "charge.dispute.closed")
			p, d := b.disputed(t, "pm_card_createDisputeProductNotReceived")
			require.Equal(t, stripego.DisputeReasonProductNotReceived, d.Reason)
			require.Equal(t, "13.1", d.NetworkReasonCode)
			require.Equal(t, int64(paid-2000-1500), b.net(t))
			staged := evidence(words)
			staged.Submit = stripego.Bool(false)
			d, err := b.api.Disputes.Update(d.ID, staged)
			require.NoError(t, err)
			require.Equal(t, stripego.DisputeStatusNeedsResponse, d.Status)
			require.True(t, d.EvidenceDetails.HasEvidence)
			d, err = b.api.Disputes.Update(d.ID, &stripego.DisputeParams{Submit: stripego.Bool(true)})
			require.NoError(t, err)
			require.Equal(t, stripego.DisputeStatusUnderReview, d.Status)

			d, err = b.api.Disputes.Get(d.ID, nil)
			require.NoError(t, err)
			require.Equal(t, want.status, d.Status)
			require.Equal(t, words, d.Evidence.UncategorizedText)
			require.Equal(t, want.net, b.net(t))
			_, err = b.api.Disputes.Close(d.ID, nil)
			require.Error(t, err)
			_, err = b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID})
			require.Equal(t, want.status != stripego.DisputeStatusWon, err != nil, "only a won payment can be refunded")
			kinds := []string{"charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated", "charge.dispute.updated"}
			switch want.status {
			case stripego.DisputeStatusWon:
				kinds = append(kinds, "charge.dispute.funds_reinstated", "charge.dispute.closed")
			case stripego.DisputeStatusLost:
				kinds = append(kinds, "charge.dispute.closed")
			}
			require.Equal(t, kinds, kindsOf(in.wait(t, len(kinds))))
		})
	}
}

func TestDisputesThatNobodyAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, given := b.disputed(t, "pm_card_createDispute")
	given, err := b.api.Disputes.Close(given.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.DisputeStatusLost, given.Status)
	_, late := b.disputed(t, "pm_card_createDispute")
	_, inquiry := b.disputed(t, "pm_card_createDisputeInquiry")
	b.advance(t, 10*24*time.Hour)
	late, err = b.api.Disputes.Get(late.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.DisputeStatusLost, late.Status)
	require.True(t, late.EvidenceDetails.PastDue)
	_, err = b.api.Disputes.Update(late.ID, evidence("winning_evidence"))
	require.Contains(t, refusal(t, err).Msg, "can no longer be submitted")
	b.advance(t, 120*24*time.Hour)
	inquiry, err = b.api.Disputes.Get(inquiry.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.DisputeStatusWarningClosed, inquiry.Status)
	require.Empty(t, inquiry.BalanceTransactions)
}

func TestInquiryEscalates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, d := b.disputed(t, "pm_card_createDisputeInquiry")
	_, err := b.api.Disputes.Update(d.ID, evidence("escalate_inquiry_evidence"))
	require.NoError(t, err)
	d, err = b.api.Disputes.Get(d.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.DisputeStatusNeedsResponse, d.Status)
	require.Equal(t, int64(-2000), d.BalanceTransactions[0].Amount)
	_, err = b.api.Disputes.Update(d.ID, evidence("winning_evidence"))
	require.NoError(t, err)
	require.Equal(t, int64(2000-88), b.net(t))
}

func TestEarlyFraudWarning(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, err := b.api.PaymentIntents.New(offSession(b.customer(t).ID, "pm_card_createIssuerFraudRecord", 2000, "usd"))
	require.NoError(t, err)
	it := b.api.RadarEarlyFraudWarnings.List(&stripego.RadarEarlyFraudWarningListParams{PaymentIntent: &p.ID})
	require.True(t, it.Next())
	require.True(t, it.RadarEarlyFraudWarning().Actionable)
	_, err = b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID, Reason: stripego.String("fraudulent")})
	require.NoError(t, err)
	w, err := b.api.RadarEarlyFraudWarnings.Get(it.RadarEarlyFraudWarning().ID, nil)
	require.NoError(t, err)
	require.False(t, w.Actionable)
}

func TestElevatedRiskIsReviewed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newInbox(t, b, "review.opened", "review.closed")
	c := b.customer(t)
	var made []*stripego.PaymentIntent
	for range 2 {
		params := offSession(c.ID, "pm_card_riskLevelElevated", 2000, "usd")
		params.AddExpand("latest_charge")
		params.AddExpand("review")
		p, err := b.api.PaymentIntents.New(params)
		require.NoError(t, err)
		require.Equal(t, "manual_review", p.LatestCharge.Outcome.Type)
		require.Equal(t, "elevated", p.LatestCharge.Outcome.RiskLevel)
		require.True(t, p.Review.Open)
		made = append(made, p)
	}
	v, err := b.api.Reviews.Approve(made[0].Review.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.ReviewClosedReasonApproved, v.ClosedReason)
	_, err = b.api.Reviews.Approve(v.ID, nil)
	require.Error(t, err)
	_, err = b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &made[1].ID, Reason: stripego.String("fraudulent")})
	require.NoError(t, err)
	v, err = b.api.Reviews.Get(made[1].Review.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.ReviewClosedReasonRefundedAsFraud, v.ClosedReason)
	require.Equal(t, []string{"review.opened", "review.opened", "review.closed", "review.closed"}, kindsOf(in.wait(t, 4)))
}
