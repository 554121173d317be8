package wallet_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/wallet"
)

// books are the movements of a wallet, added up by a rule of their own.
type books struct {
	amount, cost map[string]int64 // by grant
	byKind       map[wallet.Kind]int64
	seen         map[string]wallet.Movement
}

func (b *books) record(t require.TestingT, moved ...wallet.Movement) {
	for _, m := range moved {
		if earlier, again := b.seen[m.Key]; again {
			require.Equal(t, earlier, m, "a key stands for one movement")
			continue
		}
		b.seen[m.Key] = m
		b.amount[m.GrantID] += m.Amount.Minor
		b.cost[m.GrantID] += m.Cost.Minor
		b.byKind[m.Kind] += m.Amount.Minor
		require.GreaterOrEqual(t, b.amount[m.GrantID], int64(0), "never negative")
		require.GreaterOrEqual(t, b.cost[m.GrantID], int64(0), "never negative")
	}
}

func drawGrant(rt *rapid.T, id string, now time.Time) wallet.Grant {
	g := wallet.Grant{
		ID: id, Basis: wallet.Promotional, Amount: usd(rapid.Int64Range(1, 10_000).Draw(rt, "amount")), Cost: usd(0),
		Priority: rapid.IntRange(0, 3).Draw(rt, "priority"), From: now,
	}
	if rapid.Bool().Draw(rt, "paid") {
		g.Basis, g.Cost = wallet.Paid, usd(rapid.Int64Range(1, g.Amount.Minor).Draw(rt, "cost"))
	}
	if rapid.Bool().Draw(rt, "expires") {
		g.ExpiresAt = now.AddDate(0, 0, rapid.IntRange(1, 60).Draw(rt, "days"))
		if rapid.Bool().Draw(rt, "rolls over") {
			percent := decimal.New(rapid.Int64Range(1, 1_000_000).Draw(rt, "percent"), -4)
			g.Rollover = &wallet.Rollover{Percent: percent, For: calendar.Interval{Unit: calendar.Month, Count: 1}}
		}
	}
	if rapid.Bool().Draw(rt, "restricted") {
		g.AppliesTo.Charges = []string{rapid.SampledFrom([]string{"c1", "c2"}).Draw(rt, "charge")}
	}
	return g
}

// Whatever is granted, spent, repeated and left to expire, in whatever order: no grant is ever below zero, the wallet equals
// its movements, and every unit granted is spent, broken or still there. So is every unit of cost.
func TestNothingIsMadeOrLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w, now := wallet.Wallet{Currency: "USD"}, day
		b := &books{amount: map[string]int64{}, cost: map[string]int64{}, byKind: map[wallet.Kind]int64{}, seen: map[string]wallet.Movement{}}
		policy := wallet.Policy{PaidFirst: rapid.Bool().Draw(rt, "paid first")}
		for i := range rapid.IntRange(1, 25).Draw(rt, "steps") {
			var moved []wallet.Movement
			var err error
			switch rapid.SampledFrom([]string{"grant", "pay", "pay", "again", "wait"}).Draw(rt, "step") {
			case "grant":
				var m wallet.Movement
				w, m, err = w.Grant(drawGrant(rt, fmt.Sprintf("g%d", i), now))
				moved = []wallet.Movement{m}
			case "pay":
				costs := lines(rapid.SliceOfN(rapid.Int64Range(-100, 5_000), 1, 3).Draw(rt, "lines")...)
				most := rapid.Int64Range(0, 10_000).Draw(rt, "most")
				w, moved, err = w.Pay(policy, fmt.Sprintf("inv_%d", i), now, costs, usd(most))
				total := int64(0)
				for _, m := range moved {
					total -= m.Amount.Minor
				}
				require.LessOrEqual(rt, total, most)
			case "again":
				w, moved, err = w.Pay(policy, "inv_"+fmt.Sprint(rapid.IntRange(0, 25).Draw(rt, "which")), now, nil, usd(0))
			case "wait":
				now = now.AddDate(0, 0, rapid.IntRange(0, 50).Draw(rt, "days"))
				w, moved, err = w.Expire(calendar.Zone{}, now)
			}
			require.NoError(rt, err)
			b.record(rt, moved...)
			left := int64(0)
			for _, h := range w.Held() {
				require.Equal(rt, b.amount[h.Grant.ID], h.Left.Minor)
				require.Equal(rt, b.cost[h.Grant.ID], h.CostLeft.Minor)
				require.LessOrEqual(rt, h.CostLeft.Minor, h.Left.Minor)
				left += h.Left.Minor
			}
			sum := int64(0)
			for _, amount := range b.byKind {
				sum += amount
			}
			require.Equal(rt, sum, left)
		}
	})
}

// The order in which grants and lines are listed changes nothing but who is listed first among equals.
func TestSpendDoesNotDependOnOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var grants []wallet.Grant
		for i := range rapid.IntRange(1, 5).Draw(rt, "grants") {
			grants = append(grants, drawGrant(rt, fmt.Sprintf("g%d", i), day))
		}
		held := granted(rt, grants...).Held()
		costs := lines(rapid.SliceOfN(rapid.Int64Range(-100, 5_000), 1, 4).Draw(rt, "lines")...)
		most := usd(rapid.Int64Range(0, 10_000).Draw(rt, "most"))
		one, err := wallet.Spend(wallet.Policy{}, held, day, costs, most)
		require.NoError(rt, err)
		other, err := wallet.Spend(wallet.Policy{}, rapid.Permutation(held).Draw(rt, "grants again"), day,
			rapid.Permutation(costs).Draw(rt, "lines again"), most)
		require.NoError(rt, err)
		require.Equal(rt, one, other)
	})
}
