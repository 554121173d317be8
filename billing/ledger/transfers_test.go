package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
)

// Whatever customers send, take back and pay with it: what the provider holds for them is what we owe them.
func TestTransfersHeldAreDeposits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		at := time.Date(2027, time.January, 31, 11, 0, 0, 0, time.UTC)
		sums, left := map[ledger.Account]int64{}, int64(0)
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			minor := rapid.Int64Range(1, 1_000_000).Draw(rt, "minor")
			var booked ledger.Transaction
			switch rapid.SampledFrom([]string{"sent", "returned", "used"}).Draw(rt, "step") {
			case "sent":
				left += minor
				booked = ledger.CashMoved(ledger.Movement{ID: "ccsbtxn_1", EntityID: "acme", At: at, Net: money.New(minor, "EUR")})
			case "returned":
				left -= minor
				booked = ledger.CashMoved(ledger.Movement{ID: "ccsbtxn_2", EntityID: "acme", At: at, Net: money.New(-minor, "EUR")})
			default:
				left -= minor
				booked = ledger.TransferUsed("acme", "pay_1", at, money.New(minor, "EUR"))
			}
			require.NoError(rt, booked.Validate())
			for _, posting := range booked.Postings {
				sums[posting.Account] += posting.Amount.Minor
			}
		}
		require.Equal(rt, left, sums[ledger.TransfersHeld])
		require.Equal(rt, -left, sums[ledger.CustomerDeposits])
		require.Len(rt, sums, 2, "no other account moves")
	})
}
