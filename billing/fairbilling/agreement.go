package fairbilling

import (
	"fmt"
	"slices"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// Agreement is fair billing as a subscription begins with it.
type Agreement struct {
	Policy
	// Members are there from the beginning.
	Members []Arrival `json:"members,omitempty"`
}

// Arrival is a member from the beginning. LastActive is the last day with an action, zero for the subscription's first day.
type Arrival struct {
	ID         string        `json:"id"`
	LastActive calendar.Date `json:"last_active,omitzero"`
}

// Same says that two agreements, or two times none, say the same.
func (a *Agreement) Same(b *Agreement) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Policy == b.Policy && slices.Equal(a.Members, b.Members)
}

// mostFirstMembers keeps what is agreed short enough to be passed around.
const mostFirstMembers = 1000

// Begin checks the agreement and lists its members, of whom those without an action are active on the subscription's first
// day. The error begins with the field that is wrong.
func (a Agreement) Begin(first calendar.Date) ([]Member, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	if len(a.Members) > mostFirstMembers {
		return nil, fmt.Errorf("members: %d are too many: name at most %d, or give the seats of the first period and add the members afterwards",
			len(a.Members), mostFirstMembers)
	}
	var members []Member
	for i, arrival := range a.Members {
		if err := CheckMemberID(arrival.ID); err != nil {
			return nil, fmt.Errorf("members[%d].id: %w", i, err)
		}
		if slices.ContainsFunc(members, func(m Member) bool { return m.ID == arrival.ID }) {
			return nil, fmt.Errorf("members[%d].id: %q is the id of an earlier member", i, arrival.ID)
		}
		since := arrival.LastActive
		if since.IsZero() {
			since = first
		}
		if since.Compare(first) > 0 {
			return nil, fmt.Errorf("members[%d].last_active: %s is after the subscription's first day, %s", i, since, first)
		}
		members = append(members, Member{ID: arrival.ID, Since: since})
	}
	return members, nil
}

// longestMemberID, in bytes, is long enough for any identity provider's.
const longestMemberID = 100

// CheckMemberID refuses ids that cannot name a member: empty ones, longer ones than 100 bytes and those with spaces around
// them or with control characters, which would be others on their way through a file.
func CheckMemberID(id string) error {
	if id == "" || len(id) > longestMemberID {
		return fmt.Errorf("%.110q must name the member in 1 to %d bytes", id, longestMemberID)
	}
	for i, r := range id {
		edge := i == 0 || i == len(id)-1
		if r < ' ' || r == 0x7f || r == '\uFFFD' || edge && r == ' ' {
			return fmt.Errorf("%q must not have control characters, nor spaces around it", id)
		}
	}
	return nil
}
