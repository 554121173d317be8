package simulate

import (
	"context"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/simulation"
)

// seats reads how seats followed members: what was agreed, and who was active by the statements that were made.
func (r *reading) seats(ctx context.Context) error {
	agreed, err := r.q.PastFairBilling(ctx, r.entries)
	if err != nil {
		return err
	}
	for _, row := range agreed {
		r.byID[row.SubscriptionID].Seating = &simulation.Seating{
			FairBilling: lifecycle.FairBilling{Policy: row.Policy(), FirstSeats: row.FirstSeats},
		}
	}
	rows, err := r.q.PastSeatEntries(ctx, r.entries, r.in.To)
	if err != nil {
		return err
	}
	last := int64(0)
	for _, row := range rows {
		seating := r.byID[row.SubscriptionID].Seating
		if row.StatementID != last {
			last = row.StatementID
			seating.Statements = append(seating.Statements, simulation.Statement{
				SettledAt: row.SettledAt, Period: calendar.Period{Start: row.PeriodStart, End: row.PeriodEnd},
			})
		}
		day, err := calendar.ParseDate(row.Day)
		if err != nil {
			return err
		}
		statement := &seating.Statements[len(seating.Statements)-1]
		statement.Entries = append(statement.Entries, fairbilling.Entry{
			Member: row.MemberID, Kind: fairbilling.Kind(row.Kind), On: day, Days: row.Days, Of: row.Of,
		})
	}
	return nil
}
