package wallet_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
)

var day = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

func usd(minor int64) money.Amount { return money.New(minor, "USD") }

func paid(id string, amount int64) wallet.Grant {
	return wallet.Grant{ID: id, Basis: wallet.Paid, Amount: usd(amount), Cost: usd(amount), Priority: wallet.DefaultPriority, From: day}
}

func gift(id string, amount int64) wallet.Grant {
	return wallet.Grant{ID: id, Basis: wallet.Promotional, Amount: usd(amount), Cost: usd(0), Priority: wallet.DefaultPriority, From: day}
}

func until(g wallet.Grant, days int) wallet.Grant {
	g.ExpiresAt = day.AddDate(0, 0, days)
	return g
}

func granted(t require.TestingT, grants ...wallet.Grant) wallet.Wallet {
	w := wallet.Wallet{Currency: "USD"}
	for _, g := range grants {
		var err error
		w, _, err = w.Grant(g)
		require.NoError(t, err)
	}
	return w
}

func lines(minor ...int64) []wallet.Line {
	all := make([]wallet.Line, len(minor))
	for i, m := range minor {
		all[i] = wallet.Line{ChargeID: fmt.Sprintf("c%d", i+1), Arose: day, Open: usd(m)}
	}
	return all
}

// spent writes payments as "grant amount/cost".
func spent(t require.TestingT, p wallet.Policy, w wallet.Wallet, lines []wallet.Line, most int64) []string {
	payments, err := wallet.Spend(p, w.Held(), day, lines, usd(most))
	require.NoError(t, err)
	var shown []string
	for _, payment := range payments {
		shown = append(shown, fmt.Sprintf("%s %d/%d", payment.GrantID, payment.Amount.Minor, payment.Cost.Minor))
	}
	return shown
}

func TestSpendOrder(t *testing.T) {
	t.Parallel()
	urgent := paid("z-urgent", 10)
	urgent.Priority = 1
	older := paid("older", 10)
	older.From = day.AddDate(0, 0, -1)
	w := granted(t, paid("paid", 10), gift("gift", 10), until(paid("soon", 10), 5), until(paid("sooner", 10), 2), urgent, older)
	require.Equal(t, []string{"z-urgent 10/10", "sooner 10/10", "soon 10/10", "gift 10/0", "older 10/10", "paid 5/5"},
		spent(t, wallet.Policy{}, w, lines(55), 55))
	require.Equal(t, []string{"z-urgent 10/10", "sooner 10/10", "soon 10/10", "older 10/10", "paid 10/10", "gift 5/0"},
		spent(t, wallet.Policy{PaidFirst: true}, w, lines(55), 55))
}

func TestSpend(t *testing.T) {
	t.Parallel()
	forCharge := func(g wallet.Grant, charge string) wallet.Grant {
		g.AppliesTo.Charges = []string{charge}
		return g
	}
	forMeter := func(g wallet.Grant, meter string) wallet.Grant {
		g.AppliesTo.Meters = []string{meter}
		return g
	}
	later := paid("later", 100)
	later.From = day.Add(1)
	metered := lines(60, 40)
	metered[1].Meter = "tokens"
	before := lines(60, 40)
	before[0].Arose = day.Add(-1)
	for _, test := range []struct {
		name   string
		wallet wallet.Wallet
		lines  []wallet.Line
		most   int64
		want   []string
	}{
		{"no more than is open", granted(t, paid("a", 500)), lines(60, 40), 80, []string{"a 80/80"}},
		{"no more than is left", granted(t, paid("a", 50)), lines(60, 40), 100, []string{"a 50/50"}},
		{"credits cannot be paid", granted(t, paid("a", 500)), lines(60, -20), 40, []string{"a 40/40"}},
		{"a charge", granted(t, forCharge(paid("a", 500), "c2")), lines(60, 40), 100, []string{"a 40/40"}},
		{"a meter", granted(t, forMeter(paid("a", 500), "tokens")), metered, 100, []string{"a 40/40"}},
		{"no meter", granted(t, forMeter(paid("a", 500), "")), metered, 100, nil},
		{
			"what is for everything leaves to others what they can pay",
			granted(t, until(paid("all", 40), 1), forCharge(paid("first", 60), "c1")), lines(60, 40), 100,
			[]string{"all 40/40", "first 60/60"},
		},
		{"not yet", granted(t, later), lines(60), 60, nil},
		{"not any more", granted(t, until(wallet.Grant{ID: "x", Basis: wallet.Paid, Amount: usd(9), Cost: usd(9), From: day.AddDate(0, 0, -9)}, 0)), lines(60), 60, nil},
		{
			"expired since, but there when it was used",
			granted(t, until(wallet.Grant{ID: "x", Basis: wallet.Paid, Amount: usd(90), Cost: usd(90), From: day.AddDate(0, 0, -9)}, 0)),
			before, 100,
			[]string{"x 60/60"},
		},
	} {
		require.Equal(t, test.want, spent(t, wallet.Policy{}, test.wallet, test.lines, test.most), test.name)
	}
	_, err := wallet.Spend(wallet.Policy{}, granted(t, paid("a", 1)).Held(), day, nil, money.New(1, "EUR"))
	require.ErrorIs(t, err, money.ErrCurrencyMismatch)
}

// 100.00 of credit were sold for 80.01: each use takes its share of the cost, and the shares sum to it.
func TestCostGoesWithCredit(t *testing.T) {
	t.Parallel()
	g := paid("deal", 10000)
	g.Cost = usd(8001)
	w := granted(t, g)
	costs := int64(0)
	for i, want := range []int64{2667, 2667, 2667} {
		var moved []wallet.Movement
		var err error
		w, moved, err = w.Pay(wallet.Policy{}, fmt.Sprintf("inv_%d", i), day, lines(3333), usd(3333))
		require.NoError(t, err)
		require.InDelta(t, want, -moved[0].Cost.Minor, 1)
		costs -= moved[0].Cost.Minor
	}
	b, err := w.Balance(day)
	require.NoError(t, err)
	require.Equal(t, usd(1), b.Total)
	require.Equal(t, int64(8001), costs+b.Paid.Minor)
}

func TestPayIsBookedOnce(t *testing.T) {
	t.Parallel()
	w := granted(t, paid("a", 50), gift("b", 30))
	once, first, err := w.Pay(wallet.Policy{}, "inv_1", day, lines(70), usd(70))
	require.NoError(t, err)
	require.Len(t, first, 2)
	twice, again, err := once.Pay(wallet.Policy{}, "inv_1", day, lines(70), usd(70))
	require.NoError(t, err)
	require.ElementsMatch(t, first, again)
	require.Equal(t, once, twice)
	b, err := w.Balance(day)
	require.NoError(t, err)
	require.Equal(t, wallet.Balance{Total: usd(80), Paid: usd(50)}, b, "the wallet before is as it was")
	b, err = twice.Balance(day)
	require.NoError(t, err)
	require.Equal(t, wallet.Balance{Total: usd(10), Paid: usd(10)}, b)
}

func TestGrantIsBookedOnce(t *testing.T) {
	t.Parallel()
	w := granted(t, paid("a", 50), paid("a", 50))
	require.Len(t, w.Held(), 1)
	_, _, err := w.Grant(paid("a", 60))
	require.ErrorIs(t, err, wallet.ErrKeyReused)
	_, _, err = wallet.Wallet{Currency: "EUR"}.Grant(paid("a", 60))
	require.ErrorIs(t, err, money.ErrCurrencyMismatch)
}

func TestExpire(t *testing.T) {
	t.Parallel()
	limit := usd(30)
	g := until(paid("year", 100), 31)
	g.Rollover = &wallet.Rollover{Percent: decimal.NewFromInt(50), Cap: &limit, For: calendar.Interval{Unit: calendar.Month, Count: 1}}
	w := granted(t, g, until(gift("gift", 10), 31), paid("forever", 5))
	w, none, err := w.Expire(calendar.Zone{}, g.ExpiresAt.Add(-1))
	require.NoError(t, err)
	require.Empty(t, none)
	w, moved, err := w.Expire(calendar.Zone{}, g.ExpiresAt.AddDate(0, 0, 3))
	require.NoError(t, err)
	var shown []string
	for _, m := range moved {
		shown = append(shown, fmt.Sprintf("%s %s %d/%d %s", m.Key, m.Kind, m.Amount.Minor, m.Cost.Minor, m.At.Format(time.DateOnly)))
	}
	require.Equal(t, []string{
		"expire:gift broken -10/0 2027-02-01",
		"expire:year broken -70/-70 2027-02-01",
		"rollover:year rolled_over -30/-30 2027-02-01",
		"grant:year:rollover granted 30/30 2027-02-01",
	}, shown)
	again, none, err := w.Expire(calendar.Zone{}, g.ExpiresAt.AddDate(0, 0, 3))
	require.NoError(t, err)
	require.Empty(t, none)
	require.Equal(t, w, again)
	for at, want := range map[time.Time]int64{day.AddDate(0, 0, 31): 35, day.AddDate(0, 2, -1): 35, day.AddDate(0, 2, 0): 5} {
		b, err := w.Balance(at)
		require.NoError(t, err)
		require.Equal(t, want, b.Total.Minor, at)
	}
	_, moved, err = w.Expire(calendar.Zone{}, day.AddDate(1, 0, 0))
	require.NoError(t, err)
	require.Len(t, moved, 1, "what was rolled over once expires for good")
	require.Equal(t, usd(-30), moved[0].Amount)
}

// A wallet that was kept elsewhere goes on where it stood, and what is left of a grant can be taken out as a whole.
func TestRestoreAndEnd(t *testing.T) {
	t.Parallel()
	g := paid("deal", 1000)
	g.Cost = usd(800)
	w, _, err := granted(t, g, gift("gift", 50)).Pay(wallet.Policy{}, "inv_1", day, lines(300), usd(300))
	require.NoError(t, err)
	kept := wallet.Restore("USD", w.Held())
	require.Equal(t, w.Held(), kept.Held())
	kept, m, err := kept.End("deal", wallet.Revoked, day)
	require.NoError(t, err)
	require.Equal(t, wallet.Movement{Key: "revoked:deal", GrantID: "deal", Kind: wallet.Revoked, Amount: usd(-750), Cost: usd(-600), At: day}, m)
	_, _, err = kept.End("deal", wallet.Returned, day)
	require.ErrorContains(t, err, `grant "deal" is returned: nothing is left of it`)
	_, _, err = kept.End("none", wallet.Returned, day)
	require.Error(t, err)
}

func TestGrantValidate(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*wallet.Grant){
		`id is required`:                                   func(g *wallet.Grant) { g.ID = "" },
		`amount must be above 0, got USD 0.00`:             func(g *wallet.Grant) { g.Amount = usd(0) },
		`cost JPY 5 and amount USD 1.00`:                   func(g *wallet.Grant) { g.Cost = money.New(5, "JPY") },
		`cost of a paid grant must be above 0 and at most`: func(g *wallet.Grant) { g.Cost = usd(101) },
		`cost of a promotional grant must be 0`:            func(g *wallet.Grant) { g.Basis = wallet.Promotional },
		`basis "loan" must be one of paid, promotional`:    func(g *wallet.Grant) { g.Basis = "loan" },
		`priority must be between 0 and 100, got 101`:      func(g *wallet.Grant) { g.Priority = 101 },
		`from is required`:                                 func(g *wallet.Grant) { g.From = time.Time{} },
		`expires_at 2027-01-01T00:00:00Z must be after`:    func(g *wallet.Grant) { g.ExpiresAt = day },
		`rollover is only for a grant with expires_at`:     func(g *wallet.Grant) { g.ExpiresAt, g.Rollover = time.Time{}, &wallet.Rollover{} },
		`rollover.percent must be above 0`:                 func(g *wallet.Grant) { g.Rollover = &wallet.Rollover{} },
		`rollover.cap must be above 0 in USD, got EUR 1.00`: func(g *wallet.Grant) {
			limit := money.New(100, "EUR")
			g.Rollover = &wallet.Rollover{Percent: decimal.NewFromInt(1), Cap: &limit}
		},
		`rollover.for: interval.unit`: func(g *wallet.Grant) { g.Rollover = &wallet.Rollover{Percent: decimal.NewFromInt(1)} },
	} {
		g := until(paid("g", 100), 31)
		require.NoError(t, g.Validate())
		change(&g)
		require.ErrorContains(t, g.Validate(), want)
	}
}

func TestTopUp(t *testing.T) {
	t.Parallel()
	amount := func(minor int64) *money.Amount { a := usd(minor); return &a }
	monthly := &calendar.Interval{Unit: calendar.Month, Count: 1}
	anchor := calendar.Date{Year: 2027, Month: time.January, Day: 31}
	low := wallet.TopUp{Below: amount(1000), Amount: amount(5000)}
	upTo := wallet.TopUp{Below: amount(1000), UpTo: amount(6000), MostPerMonth: amount(8000)}
	schedule := wallet.TopUp{Every: monthly, Anchor: anchor, UpTo: amount(6000)}
	at := func(balance int64) wallet.Situation {
		return wallet.Situation{At: day, Balance: usd(balance), Pending: usd(0), ThisMonth: usd(0), Bought: 2}
	}
	pending, spentMonth := at(400), at(400)
	pending.Pending, spentMonth.ThisMonth = usd(5000), usd(5000)
	full := at(400)
	full.ThisMonth = usd(8000)
	due, second := at(2500), at(7000)
	due.At = time.Date(2027, 2, 28, 0, 0, 0, 0, time.UTC)
	second.At, second.Scheduled = time.Date(2027, 4, 2, 0, 0, 0, 0, time.UTC), 1
	for _, test := range []struct {
		name      string
		policy    wallet.TopUp
		situation wallet.Situation
		want      string
	}{
		{"enough", low, at(1001), ""},
		{"at the threshold", low, at(1000), "top-up:low:3 5000"},
		{"spoken for by more than there is", low, at(-200), "top-up:low:3 5000"},
		{"not while a purchase is not paid yet", low, pending, ""},
		{"up to", upTo, at(400), "top-up:low:3 5600"},
		{"cut down to the month's limit", upTo, spentMonth, "top-up:low:3 3000"},
		{"the month's limit is reached", upTo, full, ""},
		{"before the first boundary", schedule, at(0), ""},
		{"on the last day of February", schedule, due, "top-up:scheduled:1 3500"},
		{"the second boundary needs nothing", schedule, second, "top-up:scheduled:2 0"},
	} {
		require.NoError(t, test.policy.Validate("USD"), test.name)
		purchase, buys, err := test.policy.Decide(test.situation)
		require.NoError(t, err)
		got := ""
		if buys {
			got = fmt.Sprintf("%s %d", purchase.Key, purchase.Amount.Minor)
		}
		require.Equal(t, test.want, got, test.name)
	}
	for want, wrong := range map[string]wallet.TopUp{
		"below or every is required":                 {Amount: amount(1)},
		"exactly one of amount and up_to":            {Below: amount(1)},
		"up_to USD 0.05 must be above below":         {Below: amount(5), UpTo: amount(5)},
		"below must be at least USD 0.00, got USD -": {Below: amount(-1), Amount: amount(1)},
		"every and anchor come together":             {Every: monthly, Amount: amount(1)},
		"every: interval.unit":                       {Every: &calendar.Interval{}, Anchor: anchor, Amount: amount(1)},
	} {
		require.ErrorContains(t, wrong.Validate("USD"), want)
	}
}
