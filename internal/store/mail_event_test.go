package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/store"
)

// Reports come in any order, also before the sender knows what became of its request.
func TestDeliveryIsNotedInAnyOrder(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	subscribed(t, s, "sub", "ada")
	invoice := issue(t, s, "inv_1", "sub", "ada", now, nil)
	require.NoError(t, s.Tx(ctx, func(tx store.Tx) error { return tx.QueueMail(ctx, "invoice", "ada", invoice.ID, now) }))
	claimed, err := s.ClaimMail(ctx, 1)
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	key := claimed[0].MessageKey
	note := func(delivery, detail string) store.QueuedMail {
		require.NoError(t, s.NoteDelivery(ctx, key, delivery, "msg", detail, now))
		noted, err := s.MailByKey(ctx, key)
		require.NoError(t, err)
		return noted
	}
	require.Equal(t, "sent", note("processed", "").Status, "its sender waits for the answer")
	require.NoError(t, s.FinishMail(ctx, claimed[0].ID, "uncertain", "", "the answer was lost"))
	abandoned, err := s.AbandonedMail(ctx, 0)
	require.NoError(t, err)
	require.Zero(t, abandoned)
	require.Equal(t, "sent", note("deferred", "451 later").Status)
	require.Equal(t, "delivered", note("delivered", "").Delivery)
	late := note("deferred", "451 later")
	require.Equal(t, "delivered", late.Delivery)
	require.Empty(t, late.Error)
	bounced := note("bounced", "550 unknown")
	require.Equal(t, "bounced", bounced.Delivery)
	require.Equal(t, "550 unknown", bounced.Error)
	require.Equal(t, "msg", bounced.ProviderID)
	require.Equal(t, "bounced", note("delivered", "").Delivery)
}

// An address is dead for all who have it; a lifted suppression does not come back with an old event.
func TestAnAddressIsSuppressedUntilItIsSet(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	subscribed(t, s, "sub", "ada")
	ada, err := s.Customer(ctx, "ada")
	require.NoError(t, err)
	bob := customer("bob")
	bob.Email = "ADA" + ada.Email[len("ada"):]
	require.NoError(t, s.Tx(ctx, func(tx store.Tx) error { return tx.SetCustomerEmail(ctx, "bob", bob.Email, now) }))
	stop := func(event string, want int64) {
		n, err := s.SuppressMail(ctx, store.MailSuppression{Email: ada.Email, Reason: "bounce", EventID: event, At: now})
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	stop("sg_1", 2)
	stop("sg_2", 0) // stopped already
	_, err = s.MailSuppression(ctx, "bob")
	require.NoError(t, err)
	require.NoError(t, s.Tx(ctx, func(tx store.Tx) error { return tx.SetCustomerEmail(ctx, "ada", ada.Email, now.Add(time.Hour)) }))
	_, err = s.MailSuppression(ctx, "ada")
	require.ErrorIs(t, err, store.ErrNotFound)
	stop("sg_1", 0) // told again
	stop("sg_3", 1) // it bounces again
}
