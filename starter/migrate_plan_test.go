package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// soldDearer adds version 2 of the seller's team plan, at 9.25 a seat in place of 8.
func soldDearer(t *testing.T, id string) {
	t.Helper()
	exported := ok(t, "catalog", "export", "--entity", id)
	added := starterWith(t, strings.Replace(exported, `unit_amount: "8"`, "unit_amount: 9.25", 1), "catalog", "apply", "--entity", id, "-f", "-")
	require.Equal(t, exitOK, added.code, added.err)
	require.Contains(t, added.out, "becomes version 2")
}

// outcomes are the lines of a migration's report by subscription.
func outcomes(t *testing.T, out string) map[string]map[string]any {
	t.Helper()
	lines := map[string]map[string]any{}
	for _, line := range decoded(t, out)["subscriptions"].([]any) {
		moved := line.(map[string]any)
		lines[moved["subscription"].(string)] = moved
	}
	return lines
}

func TestSubscriptionsGoOverToANewVersion(t *testing.T) {
	t.Parallel()
	id, year := addEntity(t), startertest.NextYear()
	ok(t, "clock", "create", id+"-clock", "--at", year.Format(time.DateOnly))
	addCustomer(t, id, id+"-c", "--clock", id+"-clock")
	addCustomer(t, id, id+"-d", "--clock", id+"-clock")
	subscribe := func(name, customer string) string {
		ok(t, "subscription", "create", "--id", id+name, "--customer", customer, "--plan", id+"-team", "--plan-version", "1", "--seats", "3", "--currency", "USD")
		return id + name
	}
	stays, goes, leaves, waits := subscribe("-stays", id+"-c"), subscribe("-goes", id+"-c"), subscribe("-leaves", id+"-c"), subscribe("-waits", id+"-c")
	other := subscribe("-other", id+"-d")
	ok(t, "subscription", "cancel", leaves, "--at-period-end")
	ok(t, "subscription", "pause", stays)
	ok(t, "subscription", "change", waits, "--seats", "4", "--at-period-end")
	soldDearer(t, id)
	migrate := func(more ...string) string {
		return ok(t, append([]string{"plan", "migrate", "--plan", id + "-team", "--from", "1", "--to", "2", "--json"}, more...)...)
	}

	mine := []string{"--customers", file(t, id+"-c\n")}
	tried := outcomes(t, migrate(append(mine, "--dry-run")...))
	require.Len(t, tried, 4)
	require.Equal(t, "would_migrate", tried[goes]["outcome"])
	require.Contains(t, tried[stays]["reason"], "is paused")
	require.Contains(t, tried[leaves]["reason"], "ends with its period")
	require.Contains(t, tried[waits]["reason"], "another change waits")
	require.Contains(t, ok(t, "subscription", "show", goes), "team version 1")
	require.NotContains(t, ok(t, "mail", "list", "--customer", id+"-c"), "price_change")
	hasty := outcomes(t, migrate("--notice-days", "40"))
	require.Equal(t, "it renews in 31 days, sooner than the notice of 40 days", hasty[other]["reason"])

	done := migrate(mine...)
	require.Equal(t, "migrated", outcomes(t, done)[goes]["outcome"])
	require.Equal(t, map[string]any{
		"subscription": goes, "customer": id + "-c", "outcome": "migrated", "changes_at": year.AddDate(0, 1, 0).Add(-time.Hour).Format(time.RFC3339),
		"old": map[string]any{"minor": 2400.0, "currency": "USD"}, "new": map[string]any{"minor": 2775.0, "currency": "USD"},
		"difference": map[string]any{"minor": 375.0, "currency": "USD"},
	}, outcomes(t, done)[goes])
	require.Equal(t, "done_before", outcomes(t, migrate(mine...))[goes]["outcome"])
	require.Regexp(t, `(?s)migrated|done before\s+1\s+USD 24.00\s+USD 27.75\s+USD 3.75`,
		ok(t, append([]string{"plan", "migrate", "--plan", id + "-team", "--from", "1", "--to", "2"}, mine...)...))
	require.Contains(t, ok(t, "subscription", "show", goes), "From then on  "+id+"-team version 2, 3 seats")

	require.Equal(t, 1, strings.Count(ok(t, "mail", "list", "--customer", id+"-c"), "price_change"))
	requirePriceMail(t, id+"-c@example.com", goes)

	moved := starter(t, "clock", "advance", id+"-clock", "--to", year.AddDate(0, 1, 2).Format(time.DateOnly))
	require.Equal(t, exitOK, moved.code, moved.err)
	require.Contains(t, ok(t, "subscription", "show", goes), "team version 2, 3 seats")
	require.Contains(t, ok(t, "invoice", "list", "--customer", id+"-c"), "USD 33.02", "27.75 and 19 % tax")
	require.Equal(t, 1, strings.Count(ok(t, "mail", "list", "--customer", id+"-c"), "price_change"))

	now := outcomes(t, migrate("--at", "now", "--customers", file(t, id+"-d")))
	require.Equal(t, "migrated", now[other]["outcome"])
	require.Contains(t, ok(t, "subscription", "show", other), "team version 2, 3 seats")
	require.Empty(t, outcomes(t, migrate("--at", "now", "--customers", file(t, id+"-d"))))
	require.Contains(t, ok(t, "check"), "holds")
}

// requirePriceMail waits for the one mail that tells of the new price.
func requirePriceMail(t *testing.T, to, subscriptionID string) {
	t.Helper()
	var texts []string
	require.Eventually(t, func() bool {
		mails, err := sandbox.Mailbox(t.Context(), running.Config.SendGridURL, to)
		texts = nil
		for _, mail := range mails {
			if strings.Contains(mail.Subject, "changes on") {
				texts = append(texts, strings.ReplaceAll(mail.Text, "\u00a0", " "))
			}
		}
		return err == nil && len(texts) > 0
	}, time.Minute, 100*time.Millisecond)
	require.Len(t, texts, 1)
	require.Contains(t, texts[0], "The price of your subscription to Team changes on ")
	require.Contains(t, texts[0], "Subscription: "+subscriptionID+"\n")
	require.Regexp(t, `Until now, every 1 month: .*24[.,]00`, texts[0])
	require.Regexp(t, `From .*, every 1 month: .*27[.,]75`, texts[0])
	require.NotContains(t, texts[0], "View the invoice")
}

func TestACohortOfAMigration(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c")
	soldDearer(t, id)
	var small, large int
	for _, name := range []string{"-1", "-2", "-3", "-4", "-5", "-6"} {
		ok(t, "subscription", "create", "--id", id+name, "--customer", id+"-c", "--plan", id+"-team", "--plan-version", "1", "--seats", "1", "--currency", "USD")
		if subscription.InCohort(id+name, 30) {
			small++
		}
		if subscription.InCohort(id+name, 70) {
			large++
		}
	}
	migrate := func(percent string) map[string]map[string]any {
		return outcomes(t, ok(t, "plan", "migrate", "--plan", id+"-team", "--from", "1", "--to", "2", "--percent", percent, "--notice-days", "0", "--json"))
	}
	require.Len(t, migrate("30"), small)
	again := migrate("70")
	require.Len(t, again, large)
	before := 0
	for _, moved := range again {
		if moved["outcome"] == "done_before" {
			before++
		}
	}
	require.Equal(t, small, before, "the smaller part is among the larger")
}

func TestBadMigrations(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	for command, says := range map[string]string{
		"--plan $-team --from 1 --to 1":                                 "--to: is the version that the subscriptions have",
		"--plan $-team --from 1 --to 2":                                 `--to: plan "$-team" has no version 2`,
		"--plan $-team --from 3 --to 1":                                 `--from: plan "$-team" has no version 3`,
		"--plan $-gone --from 1 --to 2":                                 `plan "$-gone": not found`,
		"--plan $-team --from 1 --to 2 --at once":                       `--at: "once" must be renewal or now`,
		"--plan $-team --from 1 --to 2 --percent 101":                   "--percent: 101 is not between 1 and 100",
		"--plan $-team --from 1 --to 2 --notice-days -1":                "--notice-days: -1 is not between 0 and 730",
		"--plan $-team --from 1 --to 2 --at now --notice-days 3":        "--notice-days: there is no time for a notice",
		"--plan $-team --from 1 --to 2 --customers " + file(t, "\n \n"): "--customers: the file names nobody",
		"--plan $-team --from 1 --to 2 --customers /no/such/file":       "no such file",
	} {
		got := starter(t, append([]string{"plan", "migrate"}, strings.Fields(startertest.Fill(id, command))...)...)
		require.Equal(t, exitRefused, got.code, "%s: %s", command, got.err)
		require.Contains(t, got.err, startertest.Fill(id, says), command)
		require.Empty(t, got.out, command)
	}
}
