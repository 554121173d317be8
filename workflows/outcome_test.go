package workflows_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/workflows/message"
)

func TestWordsForOperators(t *testing.T) {
	t.Parallel()
	ten := money.New(1000, "USD")
	for want, charged := range map[string]message.Charged{
		"USD 10.00 with visa: paid": {Status: message.Paid, Amount: ten, Method: "visa"},
		"USD 10.00 with us_bank_account: declined, insufficient_funds": {
			Status: message.Declined, Amount: ten, Method: "us_bank_account", DeclineCode: "insufficient_funds",
		},
		"USD 10.00: declined, no_payment_method":        {Status: message.Declined, Amount: ten, DeclineCode: "no_payment_method"},
		"USD 10.00 with visa: processing, under review": {Status: message.Processing, Amount: ten, Method: "visa", Review: "pay_1"},
		"USD 10.00 with visa: requires action":          {Status: message.RequiresAction, Amount: ten, Method: "visa"},
	} {
		require.Equal(t, want, charged.Words())
	}
}

// The Temporal UI shows an attempt's amount and method in the summary of its activity, and how it went in the next one's.
func TestAttemptsAreSummarised(t *testing.T) {
	t.Parallel()
	x := realServer(t).tenant(t, "summarised", "pm_card_chargeCustomerFail")
	invoice := x.subscribe("seats", 1).Invoice
	x.advance(systemStart.AddDate(0, 0, 2))
	require.Contains(t, x.summaries(message.SubscriptionID(x.id)),
		"USD 10.00 with visa: declined, generic_decline. Note that invoice "+invoice.Number+" is unpaid")
	collecting := x.summaries(message.DunningID(invoice.InvoiceID))
	require.Contains(t, collecting, "Attempt 2: charge USD 10.00 with visa")
	require.Contains(t, collecting, "USD 10.00 with visa: declined, generic_decline. Decide what comes next")
}

// A renewal knows what it will charge before it does.
func TestARenewalsChargeNamesItsMethod(t *testing.T) {
	t.Parallel()
	x := realServer(t).tenant(t, "renewed", "pm_card_visa")
	x.subscribe("seats", 1)
	x.advance(systemStart.AddDate(0, 1, 1))
	require.Contains(t, strings.Join(x.summaries(message.SubscriptionID(x.id)), "\n"), "Charge USD 10.00 with visa for invoice ")
}

// summaries are those of the activities of a workflow's latest run.
func (x *tenant) summaries(workflowID string) []string {
	x.t.Helper()
	var found []string
	for _, event := range x.history(workflowID, "").GetEvents() {
		if event.GetActivityTaskScheduledEventAttributes() == nil {
			continue
		}
		var summary string
		require.NoError(x.t, converter.GetDefaultDataConverter().FromPayload(event.GetUserMetadata().GetSummary(), &summary))
		found = append(found, summary)
	}
	return found
}
