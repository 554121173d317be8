package store

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fairbilling"
)

// FairBilling is how the seats of a subscription follow its members.
type FairBilling struct {
	WindowDays   int   `db:"window_days"`
	MinimumSeats int64 `db:"minimum_seats"`
	// FirstSeats are charged for the first paid period; 0 if they are counted.
	FirstSeats int64 `db:"first_seats"`
	// SettledThrough is the first day that no statement has settled; empty before the first statement.
	SettledThrough string `db:"settled_through"`
}

// Policy is when a member counts.
func (f FairBilling) Policy() fairbilling.Policy {
	return fairbilling.Policy{WindowDays: f.WindowDays, MinimumSeats: f.MinimumSeats}
}

const fairBillingColumns = `window_days, minimum_seats, first_seats, COALESCE(settled_through::text, '') AS settled_through`

// FairBilling reads what a subscription agreed to; ErrNotFound if its seats are charged as they are bought.
func (q Queries) FairBilling(ctx context.Context, subscriptionID string) (FairBilling, error) {
	return one[FairBilling](ctx, q.db, "fair billing of "+subscriptionID,
		`SELECT `+fairBillingColumns+` FROM fair_billing WHERE subscription_id = $1`, subscriptionID)
}

// AddFairBilling records what a subscription agreed to, with the members who are there from the beginning. What is on record
// stays: the agreement was recorded before.
func (tx Tx) AddFairBilling(ctx context.Context, subscriptionID string, f FairBilling, members []fairbilling.Member) error {
	_, err := tx.exec(ctx, "add fair billing of "+subscriptionID, `
		INSERT INTO fair_billing (subscription_id, window_days, minimum_seats, first_seats) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		subscriptionID, f.WindowDays, f.MinimumSeats, f.FirstSeats)
	if err != nil {
		return err
	}
	ids, since := make([]string, len(members)), make([]string, len(members))
	for i, m := range members {
		ids[i], since[i] = m.ID, m.Since.String()
	}
	_, err = tx.exec(ctx, "add members of "+subscriptionID, `
		WITH added AS (
		    INSERT INTO member (subscription_id, member_id, since) SELECT $1, id, since::date FROM unnest($2::text[], $3::text[]) AS m (id, since)
		    ON CONFLICT DO NOTHING RETURNING subscription_id, since, member_id
		) INSERT INTO member_activity (subscription_id, day, member_id) TABLE added`, subscriptionID, ids, since)
	return err
}

// MemberRow is a member of a subscription.
type MemberRow struct {
	ID string `db:"member_id"`
	// Since is the first day, Until the first one on which the member is not there any more, empty for one who is.
	Since string `db:"since"`
	Until string `db:"until"`
	// Days are days with an action.
	Days []string `db:"days"`
}

// read makes it a member as the rules know it.
func (r MemberRow) read() (fairbilling.Member, error) {
	m := fairbilling.Member{ID: r.ID}
	var err error
	if m.Since, err = calendar.ParseDate(r.Since); err != nil {
		return m, err
	}
	if err := m.Until.UnmarshalText([]byte(r.Until)); err != nil {
		return m, err
	}
	m.Actions = make([]calendar.Date, len(r.Days))
	for i, day := range r.Days {
		if m.Actions[i], err = calendar.ParseDate(day); err != nil {
			return m, err
		}
	}
	return m, nil
}

// activeDays are each member's actions in [$3 less $2 days, $4). Of those in a stretch of $2 days, which is the window, the
// first and the last are enough: they touch, so that the ones between them make nobody active for longer.
const activeDays = `
	SELECT member_id, array_agg(d::text) AS days FROM (
	    SELECT member_id, unnest(ARRAY[MIN(day), MAX(day)]) AS d FROM member_activity
	     WHERE subscription_id = $1 AND day >= $3::date - $2::int AND day < $4::date
	     GROUP BY member_id, (day - ($3::date - $2::int)) / $2::int) ends
	 GROUP BY member_id`

// ActiveMembers lists who may be active on a day of [from, to), where an action makes active for a window of days, with the
// actions that matter for it.
func (q Queries) ActiveMembers(ctx context.Context, subscriptionID string, window int, from, to calendar.Date) ([]fairbilling.Member, error) {
	rows, err := many[MemberRow](ctx, q.db, "members of "+subscriptionID, `
		SELECT m.member_id, m.since::text AS since, COALESCE(m.until::text, '') AS until, COALESCE(a.days, '{}') AS days
		  FROM member m LEFT JOIN (`+activeDays+`) a USING (member_id)
		 WHERE m.subscription_id = $1 AND m.since < $4::date AND (m.until IS NULL OR m.until >= $3::date)
		   AND (m.since >= $3::date - $2::int OR a.member_id IS NOT NULL)
		 ORDER BY m.member_id`, subscriptionID, window, from.String(), to.String())
	if err != nil {
		return nil, err
	}
	return readMembers(subscriptionID, rows)
}

func readMembers(subscriptionID string, rows []MemberRow) ([]fairbilling.Member, error) {
	members := make([]fairbilling.Member, len(rows))
	for i, row := range rows {
		var err error
		if members[i], err = row.read(); err != nil {
			return nil, fmt.Errorf("member %q of %s: %w", row.ID, subscriptionID, err)
		}
	}
	return members, nil
}

// MembersOf lists members by id after a given one, with their actions since a day. With an empty id it lists all.
func (q Queries) MembersOf(ctx context.Context, subscriptionID, after string, limit int, since calendar.Date) ([]fairbilling.Member, error) {
	rows, err := many[MemberRow](ctx, q.db, "members of "+subscriptionID, `
		WITH page AS (SELECT member_id, since, until FROM member WHERE subscription_id = $1 AND member_id > $2 ORDER BY member_id LIMIT $3)
		SELECT p.member_id, p.since::text AS since, COALESCE(p.until::text, '') AS until,
		       COALESCE(array_agg(a.day::text) FILTER (WHERE a.day IS NOT NULL), '{}') AS days
		  FROM page p LEFT JOIN member_activity a ON a.subscription_id = $1 AND a.member_id = p.member_id AND a.day >= $4::date
		 GROUP BY p.member_id, p.since, p.until ORDER BY p.member_id`, subscriptionID, after, limit, since.String())
	if err != nil {
		return nil, err
	}
	return readMembers(subscriptionID, rows)
}

// LeaveMember records that a member has left on a day, and returns the member. Nothing of the subscription is settled
// meanwhile. The error wraps ErrNotFound if there is no fair billing or no such member, or is one of fairbilling.Member.Leave.
func (s *Store) LeaveMember(ctx context.Context, subscriptionID, memberID string, day calendar.Date) (m fairbilling.Member, err error) {
	err = s.Tx(ctx, func(tx Tx) error {
		if _, err := tx.LockSubscription(ctx, subscriptionID); err != nil {
			return err
		}
		fair, err := tx.FairBilling(ctx, subscriptionID)
		if err != nil {
			return err
		}
		var settled calendar.Date
		if err := settled.UnmarshalText([]byte(fair.SettledThrough)); err != nil {
			return err
		}
		row, err := one[MemberRow](ctx, tx.db, fmt.Sprintf("member %q of subscription %s", memberID, subscriptionID), `
			SELECT member_id, since::text AS since, COALESCE(until::text, '') AS until, '{}'::text[] AS days FROM member
			 WHERE subscription_id = $1 AND member_id = $2 FOR UPDATE`, subscriptionID, memberID)
		if err != nil {
			return err
		}
		if m, err = row.read(); err != nil {
			return err
		}
		if m, err = m.Leave(day, settled); err != nil {
			return err
		}
		_, err = tx.exec(ctx, fmt.Sprintf("save member %q of %s", m.ID, subscriptionID),
			`UPDATE member SET until = $3::date WHERE subscription_id = $1 AND member_id = $2`, subscriptionID, m.ID, m.Until.String())
		return err
	})
	return m, err
}

// MemberDay is an action of a member.
type MemberDay struct {
	MemberID string
	Day      calendar.Date
}

// ActivityAdded is what became of a batch of actions.
type ActivityAdded struct {
	// New are the days with an action that were not on record, Joined the members.
	New, Joined int64
	// Left are the positions in the batch of actions after the member had left: they are not stored.
	Left []int
}

// AddActivity stores actions of a subscription's members, one for each member and day. Who was not on record has joined on
// the first day of an action.
func (s *Store) AddActivity(ctx context.Context, subscriptionID string, batch []MemberDay) (added ActivityAdded, err error) {
	for range 5 { // somebody may remove members meanwhile, in another order
		err = s.Tx(ctx, func(tx Tx) error {
			added, err = tx.addActivity(ctx, subscriptionID, batch)
			return err
		})
		if !isDeadlock(err) {
			break
		}
	}
	return added, err
}

func (tx Tx) addActivity(ctx context.Context, subscriptionID string, batch []MemberDay) (ActivityAdded, error) {
	ids, days := make([]string, len(batch)), make([]string, len(batch))
	for i, a := range batch {
		ids[i], days[i] = a.MemberID, a.Day.String()
	}
	var added ActivityAdded
	err := tx.db.QueryRow(ctx, `
		WITH joined AS (
		    INSERT INTO member (subscription_id, member_id, since)
		    SELECT $1, id, MIN(day::date) FROM unnest($2::text[], $3::text[]) AS i (id, day) GROUP BY id ORDER BY id
		    ON CONFLICT (subscription_id, member_id) DO UPDATE SET since = EXCLUDED.since WHERE EXCLUDED.since < member.since
		    RETURNING xmax = 0 AS is_new
		) SELECT COUNT(*) FILTER (WHERE is_new) FROM joined`, subscriptionID, ids, days).Scan(&added.Joined)
	if err != nil {
		return added, fmt.Errorf("add members of %s: %w", subscriptionID, err)
	}
	type position struct {
		At int `db:"at"`
	}
	left, err := many[position](ctx, tx.db, "members who left "+subscriptionID, `
		SELECT i.n::int - 1 AS at FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS i (id, day, n)
		  JOIN member m ON m.subscription_id = $1 AND m.member_id = i.id WHERE i.day::date > m.until ORDER BY i.n`, subscriptionID, ids, days)
	if err != nil {
		return added, err
	}
	for _, at := range left {
		added.Left = append(added.Left, at.At)
	}
	added.New, err = tx.exec(ctx, "add activity of "+subscriptionID, `
		INSERT INTO member_activity (subscription_id, day, member_id)
		SELECT DISTINCT $1, i.day::date, i.id FROM unnest($2::text[], $3::text[]) AS i (id, day)
		  JOIN member m ON m.subscription_id = $1 AND m.member_id = i.id
		 WHERE m.until IS NULL OR i.day::date <= m.until ORDER BY 2, 3
		ON CONFLICT DO NOTHING`, subscriptionID, ids, days)
	return added, err
}

// NoteSettled says that everything before a day is settled.
func (tx Tx) NoteSettled(ctx context.Context, subscriptionID string, through calendar.Date) error {
	_, err := tx.exec(ctx, "note what is settled of "+subscriptionID,
		`UPDATE fair_billing SET settled_through = GREATEST(settled_through, $2::date) WHERE subscription_id = $1`, subscriptionID, through.String())
	return err
}

// UnsettledLines lists what a subscription was charged in advance for time that ends at an instant, and that was neither
// credited nor settled.
func (q Queries) UnsettledLines(ctx context.Context, subscriptionID string, end time.Time) ([]BilledLine, error) {
	return many[BilledLine](ctx, q.db, "unsettled lines of "+subscriptionID, `
		SELECT l.invoice_id, `+prefixed("l", lineColumns)+`
		  FROM invoice_part p JOIN invoice i ON i.id = p.invoice_id
		  JOIN invoice_line l ON (l.invoice_id, l.subscription_id) = (p.invoice_id, p.subscription_id)
		 WHERE p.subscription_id = $1 AND l.period_end = $2 AND `+paysAhead+`
		   AND NOT EXISTS (SELECT FROM invoice_line c WHERE (c.credits_invoice, c.credits_position) = (l.invoice_id, l.position))
		   AND NOT EXISTS (SELECT FROM seat_statement t WHERE (t.line_invoice, t.line_position) = (l.invoice_id, l.position))
		 ORDER BY i.issued_at, l.invoice_id, l.position`, subscriptionID, end)
}
