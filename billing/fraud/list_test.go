package fraud_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/fraud"
)

func TestMailbox(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"Ada@Example.com": "ada@example.com", "ada+trial7@example.com": "ada@example.com", "A.d.a+x@GMail.com": "ada@gmail.com",
		"ada.l@googlemail.com": "adal@gmail.com", "a.b@example.com": "a.b@example.com", "+x@example.com": "+x@example.com", "ada@example.com.": "ada@example.com",
	} {
		got, ok := fraud.Mailbox(address)
		require.True(t, ok, address)
		require.Equal(t, want, got)
		again, _ := fraud.Mailbox(got)
		require.Equal(t, got, again, "a mailbox is its own mailbox")
	}
	for _, address := range []string{"", "ada", "@example.com", "ada@", "ada@localhost", "a b@example.com", "a@b..c", "a@.com"} {
		_, ok := fraud.Mailbox(address)
		require.False(t, ok, address)
	}
}

func TestDisposable(t *testing.T) {
	t.Parallel()
	require.True(t, fraud.Disposable("mailinator.com"))
	require.True(t, fraud.Disposable("mx.mailinator.com"))
	require.False(t, fraud.Disposable("notmailinator.com"))
	require.False(t, fraud.Disposable(""))
}

func TestItems(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		of        fraud.ItemType
		in, want  string
		isRefused bool
	}{
		{fraud.Email, "A.B+c@gmail.com", "ab@gmail.com", false},
		{fraud.Email, "nobody", "", true},
		{fraud.EmailDomain, "@Farm.example", "farm.example", false},
		{fraud.EmailDomain, "a@b.c", "", true},
		{fraud.Country, "kp", "KP", false},
		{fraud.Country, "KOR", "", true},
		{fraud.Fingerprint, "Xt5EWLLDS7FJjR1c", "Xt5EWLLDS7FJjR1c", false},
		{fraud.CustomerID, "cus 1", "", true},
		{"name", "x", "", true},
	} {
		got, err := tt.of.Item(tt.in)
		require.Equal(t, tt.isRefused, err != nil, "%s %q: %v", tt.of, tt.in, err)
		require.Equal(t, tt.want, got)
	}
}

func TestWhatIsRecordedNamesNobody(t *testing.T) {
	t.Parallel()
	recorded, err := json.Marshal(known().Anonymous())
	require.NoError(t, err)
	for _, personal := range []string{"ada@", "example.com", "Xt5EWLLDS7FJjR1c"} {
		require.NotContains(t, string(recorded), personal)
	}
	require.Contains(t, string(recorded), "cus_1")
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	require.NoError(t, fraud.DefaultPolicy().Validate())
	limits := fraud.DefaultTrialLimits()
	with := fraud.DefaultPolicy()
	with.Trials = &limits
	require.NoError(t, with.Validate())
	for field, broken := range map[string]fraud.Policy{
		"review_hours":           {OnDeadline: "decline"},
		"on_deadline":            {ReviewHours: 5, OnDeadline: "shrug"},
		"trials.per_email":       {ReviewHours: 5, OnDeadline: "decline", Trials: &fraud.TrialLimits{PerEmail: -1, WithinDays: 3}},
		"trials.within_days":     {ReviewHours: 5, OnDeadline: "decline", Trials: &fraud.TrialLimits{PerEmail: 1}},
		"trials.per_fingerprint": {ReviewHours: 5, OnDeadline: "decline", Trials: &fraud.TrialLimits{PerFingerprint: 1001, WithinDays: 1}},
	} {
		require.ErrorContains(t, broken.Validate(), field)
	}
}
