package startertest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"
)

// Events delivers the provider's events of a type, as its webhooks would, and has them acted on.
func (s Stack) Events(t *testing.T, kind stripe.EventType) {
	t.Helper()
	list := s.Config.Stripe().Events.List(&stripe.EventListParams{Type: stripe.String(string(kind))})
	for list.Next() {
		event := list.Event()
		payload := fmt.Appendf(nil, `{"id":%q,"object":"event","type":%q,"created":%d,"data":{"object":%s}}`, event.ID, event.Type, event.Created, event.Data.Raw)
		require.NoError(t, s.Service.KeepEvent(t.Context(), payload))
	}
	require.NoError(t, list.Err())
	_, err := s.Service.ProcessEvents(t.Context())
	require.NoError(t, err)
}
