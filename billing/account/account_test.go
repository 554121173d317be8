package account_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/account"
)

func hierarchy(t *testing.T, accounts ...account.Account) account.Hierarchy {
	h, err := account.NewHierarchy(accounts)
	require.NoError(t, err)
	return h
}

// group is headquarters, a country that pays for itself, and its branches.
var group = []account.Account{
	{ID: "hq"},
	{ID: "fr", ParentID: "hq"},
	{ID: "paris", ParentID: "fr", InvoicedTo: account.Self, PaidBy: account.Parent},
	{ID: "lyon", ParentID: "fr", InvoicedTo: account.Parent, PaidBy: account.Parent},
	{ID: "de", ParentID: "hq", InvoicedTo: account.Parent, PaidBy: account.Parent},
	{ID: "bonn", ParentID: "de", InvoicedTo: account.Parent, PaidBy: account.Parent},
}

func TestWhoPays(t *testing.T) {
	t.Parallel()
	h := hierarchy(t, group...)
	for id, want := range map[string][2]string{
		"hq": {"hq", "hq"}, "fr": {"fr", "fr"}, "paris": {"paris", "fr"}, "lyon": {"fr", "fr"}, "de": {"hq", "hq"}, "bonn": {"hq", "hq"},
	} {
		to, err := h.InvoicedTo(id)
		require.NoError(t, err)
		payer, err := h.Payer(id)
		require.NoError(t, err)
		require.Equal(t, want, [2]string{to, payer}, id)
	}
	_, err := h.Payer("rome")
	require.ErrorContains(t, err, `account "rome" does not exist`)
}

func TestHierarchyRefuses(t *testing.T) {
	t.Parallel()
	for want, accounts := range map[string][]account.Account{
		`id is required`:                                 {{}},
		`account "a" is there twice`:                     {{ID: "a"}, {ID: "a"}},
		`account "a": its parent "b" does not exist`:     {{ID: "a", ParentID: "b"}},
		`account "a": paid_by is parent, but it has no`:  {{ID: "a", PaidBy: account.Parent}},
		`account "a": invoiced_to "them" must be one of`: {{ID: "a", InvoicedTo: "them"}},
		`accounts are above themselves: a → b → c → a`:   {{ID: "a", ParentID: "b"}, {ID: "b", ParentID: "c"}, {ID: "c", ParentID: "a"}},
		`accounts are above themselves: a → a`:           {{ID: "a", ParentID: "a"}},
	} {
		_, err := account.NewHierarchy(accounts)
		require.ErrorContains(t, err, want)
	}
}

func TestConsolidate(t *testing.T) {
	t.Parallel()
	h := hierarchy(t, group...)
	due := []account.Billable{
		{SubscriptionID: "s5", CustomerID: "bonn", EntityID: "acme", Currency: "EUR"},
		{SubscriptionID: "s1", CustomerID: "de", EntityID: "acme", Currency: "EUR"},
		{SubscriptionID: "s2", CustomerID: "de", EntityID: "acme", Currency: "USD"},
		{SubscriptionID: "s3", CustomerID: "de", EntityID: "acme", Currency: "EUR", PONumber: "PO-7"},
		{SubscriptionID: "s4", CustomerID: "hq", EntityID: "acme", Currency: "EUR", BillingGroup: "cloud"},
		{SubscriptionID: "s6", CustomerID: "bonn", EntityID: "acme GmbH", Currency: "EUR"},
		{SubscriptionID: "s7", CustomerID: "paris", EntityID: "acme", Currency: "EUR"},
		{SubscriptionID: "s8", CustomerID: "lyon", EntityID: "acme", Currency: "EUR"},
	}
	groups, err := h.Consolidate(due)
	require.NoError(t, err)
	require.Equal(t, []account.Group{
		{EntityID: "acme", InvoicedTo: "fr", PaidBy: "fr", Currency: "EUR", Subscriptions: []string{"s8"}},
		{EntityID: "acme", InvoicedTo: "hq", PaidBy: "hq", Currency: "EUR", Subscriptions: []string{"s1", "s5"}},
		{EntityID: "acme", InvoicedTo: "hq", PaidBy: "hq", Currency: "EUR", PONumber: "PO-7", Subscriptions: []string{"s3"}},
		{EntityID: "acme", InvoicedTo: "hq", PaidBy: "hq", Currency: "EUR", BillingGroup: "cloud", Subscriptions: []string{"s4"}},
		{EntityID: "acme", InvoicedTo: "hq", PaidBy: "hq", Currency: "USD", Subscriptions: []string{"s2"}},
		{EntityID: "acme", InvoicedTo: "paris", PaidBy: "fr", Currency: "EUR", Subscriptions: []string{"s7"}},
		{EntityID: "acme GmbH", InvoicedTo: "hq", PaidBy: "hq", Currency: "EUR", Subscriptions: []string{"s6"}},
	}, groups)
	_, err = h.Consolidate(append(due, due[0]))
	require.ErrorContains(t, err, `subscription "s5" is due twice`)
	_, err = h.Consolidate([]account.Billable{{SubscriptionID: "s", CustomerID: "rome"}})
	require.ErrorContains(t, err, `subscription "s": account "rome" does not exist`)
	rapid.Check(t, func(rt *rapid.T) {
		again, err := h.Consolidate(rapid.Permutation(due).Draw(rt, "due"))
		require.NoError(rt, err)
		require.Equal(rt, groups, again)
	})
}
