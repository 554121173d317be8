package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

const chat = `[{"id":"$-chat","version":1,"name":"Chat","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
  {"id":"seats","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2b","prices":{"USD":{"model":"per_unit","unit_amount":"8"}}}]}]`

// A month of a workspace on the real engine comes to what docs/examples/quotes/fair-billing.yaml says of such a month.
func TestMembersOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	s := id + "-s"
	april := time.Date(startertest.NextYear().Year(), time.April, 1, 0, 0, 0, 0, time.UTC)
	on := func(d int) string { return april.AddDate(0, 0, d-1).Format(time.DateOnly) }
	ok(t, "plan", "add", "--entity", id, "--file", file(t, startertest.Fill(id, chat)))
	ok(t, "clock", "create", id+"-clock", "--at", on(1)+"T12:00:00Z")
	addCustomer(t, id, id+"-c", "--country", "US", "--zone", "UTC", "--currency", "USD", "--clock", id+"-clock")
	advance := func(d int) { ok(t, "clock", "advance", id+"-clock", "--to", on(d)+"T12:00:00Z") }
	create := []string{"subscription", "create", "--id", s, "--customer", id + "-c", "--plan", id + "-chat", "--fair-billing"}
	for range 2 {
		require.Contains(t, ok(t, append(create, "--member", "ada", "--member", "bob")...), "version 1, 2 seats")
	}
	other := starter(t, append(create, "--member", "ada")...)
	require.Contains(t, other.err, "exists with other terms")
	ok(t, "member", "remove", s, "ada", "--on", on(1)) // on the first day: her seat is credited whole
	refused := starter(t, "subscription", "change", s, "--seats", "9")
	require.Equal(t, exitRefused, refused.code)
	require.Contains(t, refused.err, "is billed for its active members: add or remove members")
	early := starter(t, "member", "statement", s)
	require.Contains(t, early.err, "has no statement yet")

	advance(20)
	added := ok(t, "member", "add", s, "dan", "--on", on(11))
	require.Regexp(t, `Joined +1\nDay +`+on(11), added)
	require.Regexp(t, `Joined +0`, ok(t, "member", "add", s, "dan", "--on", on(11)))
	actions := "team,at,member\nx," + on(15) + ",cid\n" + "x," + on(15) + "T10:00:00Z,cid\n" + "x,2090-01-01,cid\nx,nonsense,cid\nx," + on(15) + ",\n" + "x," + on(16) + ",ada\n"
	dry := starter(t, "member", "activity", "import", s, "-f", file(t, actions), "--dry-run")
	require.Equal(t, exitRejected, dry.code)
	require.Regexp(t, `Stored +nothing`, dry.out)
	for _, stored := range []string{"1 days that were not known, 1 members", "0 days that were not known, 0 members"} {
		imported := starter(t, "member", "activity", "import", s, "-f", file(t, actions))
		require.Equal(t, exitRejected, imported.code)
		for _, says := range []string{
			"line 4 rejected: at: 2090-01-01 is in the future", `line 5 rejected: at: "nonsense" is neither a day`,
			`line 6 rejected: member: "" must name the member`, "line 7 rejected: member: \"ada\" had left by " + on(16), stored,
		} {
			require.Contains(t, imported.out, says)
		}
		require.Regexp(t, `Lines +6\nAccepted +2\nRejected +4\n`, imported.out)
	}
	lines := `{"member": "bob", "at": "` + on(20) + `"}` + "\n"
	require.Regexp(t, `Accepted +1\n`, ok(t, "member", "activity", "import", s, "-f", file(t, lines)))
	listed := ok(t, "member", "list", s)
	require.Regexp(t, `ada +`+on(1)+` +`+on(1)+` +no\nbob +`+on(1)+` +since `+on(20)+"\n", listed)

	advance(31)
	told := ok(t, "member", "statement", s, "--period", on(9))
	require.Contains(t, told, "seats from "+on(1)+" through "+on(30)+", invoice ")
	require.Regexp(t, `ada +not at all +USD 8\.00 +USD 0\.00 +USD 8\.00 +paid with the period; not active from `+on(1)+`: 30 of 30 days credited`, told)
	require.Regexp(t, `bob +`+on(1)+` to `+on(30)+` +USD 8\.00 +USD 0\.00 +USD 0\.00 +paid with the period`, told)
	require.Regexp(t, `dan +`+on(11)+` to `+on(30)+` +USD 0\.00 +USD 5\.33 +USD 0\.00 +came on `+on(11)+`: 20 of 30 days charged`, told)
	require.Contains(t, told, "Charged afterwards: USD 9.60. Credited: USD 8.00.")
	invoices := strings.Split(strings.TrimSpace(ok(t, "invoice", "list", "--customer", id+"-c")), "\n")
	require.Len(t, invoices, 3, "a header, April, and May with what April left")
	require.Contains(t, invoices[2], "USD 25.60", "three seats, 5.33 and 4.27, less 8.00")
	require.Contains(t, ok(t, "check"), "holds  Every posting balances, and the ledger equals the facts")

	ok(t, "subscription", "cancel", s)
	only := decoded(t, ok(t, "member", "statement", s, "--member", "dan", "--json"))
	require.Equal(t, map[string]any{"minor": 0.0, "currency": "USD"}, only["plan_credit"])
}
