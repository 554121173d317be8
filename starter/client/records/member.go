package records

import (
	"context"
	"net/http"
	"net/url"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// MemberAction says that a member of a subscription with fair billing did something.
type MemberAction struct {
	// Member is your id of the member, of 1 to 100 bytes. Nothing else is kept of them.
	Member string `json:"member"`
	// At is a day where the subscription is billed ("2027-04-11"), or an instant.
	At string `json:"at"`
}

// ActivityAdded says what became of actions.
type ActivityAdded struct {
	Accepted int `json:"accepted"`
	// New counts the days with an action of a member, Joined the members, that were not on record before.
	New    int64 `json:"new"`
	Joined int64 `json:"joined"`
	// Left are actions after their member had left, which are not stored: who comes back gets another id.
	Left []MemberAction `json:"left,omitempty"`
}

// AddMemberActivity tells 1 to 10000 actions of a subscription's members: all are stored, or none if one is wrong. Who was not
// known has joined. What was told before is not counted again.
func (c *Client) AddMemberActivity(ctx context.Context, subscriptionID string, actions []MemberAction) (ActivityAdded, error) {
	return send[ActivityAdded](ctx, c, http.MethodPost, path("subscriptions", subscriptionID, "member-activity"), map[string]any{"actions": actions})
}

// Member is a member of a subscription.
type Member struct {
	ID string `json:"id"`
	// Since is the first day, Until the first one on which the member is not there any more.
	Since  calendar.Date `json:"since"`
	Until  calendar.Date `json:"until,omitzero"`
	Active bool          `json:"active"`
	// LastActive is the latest day with an action, if it still counts.
	LastActive calendar.Date `json:"last_active,omitzero"`
}

// RemoveMember tells that a member left: on is the first day without them, today if zero. What is settled stays. Repeating it
// changes nothing.
func (c *Client) RemoveMember(ctx context.Context, subscriptionID, memberID string, on calendar.Date) (Member, error) {
	to := path("subscriptions", subscriptionID, "members", memberID)
	if !on.IsZero() {
		to += "?" + url.Values{"on": {on.String()}}.Encode()
	}
	return send[Member](ctx, c, http.MethodDelete, to, nil)
}
