package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/activityfile"
	"github.com/perennial-billing/perennial/starter/usagecsv"
)

// ActivityImport says what became of a file. Accepted + Rejected = Lines.
type ActivityImport struct {
	Subscription string `json:"subscription"`
	// DryRun says that nothing was stored, and nobody looked what is on record.
	DryRun   bool `json:"dry_run,omitempty"`
	Lines    int  `json:"lines"`
	Accepted int  `json:"accepted"`
	Rejected int  `json:"rejected"`
	// New are the days with an action of a member, and Joined the members, that were not on record before.
	New    int64 `json:"new"`
	Joined int64 `json:"joined"`
	// First and Last are the days between which the actions are.
	First         calendar.Date       `json:"first,omitzero"`
	Last          calendar.Date       `json:"last,omitzero"`
	RejectedLines []usagecsv.Rejected `json:"rejected_lines"`
}

// ImportActivity reads what members did from a file (package activityfile) and stores it in batches. Lines that cannot be
// stored are rejected by their numbers while the others go in; the first most of them are listed. Importing a file again adds
// nothing. After an error in mid-file, which is Unfinished, what was stored stays.
func (s *Service) ImportActivity(ctx context.Context, subscriptionID string, file io.Reader, most int, dry bool) (ActivityImport, error) {
	w, err := s.workspace(ctx, subscriptionID)
	if err != nil {
		return ActivityImport{}, err
	}
	reader, err := activityfile.NewReader(file)
	if err != nil {
		return ActivityImport{}, invalid("file", "%s", err)
	}
	im := activityImport{
		workspace: w, keep: s.store.AddActivity, most: most,
		ActivityImport: ActivityImport{Subscription: w.row.ID, DryRun: dry, RejectedLines: []usagecsv.Rejected{}},
	}
	err = im.run(ctx, reader)
	slices.SortStableFunc(im.RejectedLines, func(a, b usagecsv.Rejected) int { return a.Line - b.Line })
	return im.ActivityImport, err
}

type activityImport struct {
	ActivityImport
	workspace

	keep  func(ctx context.Context, subscriptionID string, batch []store.MemberDay) (store.ActivityAdded, error)
	most  int
	batch []store.MemberDay
	lines []int // of the batch
}

func (im *activityImport) run(ctx context.Context, reader *activityfile.Reader) error {
	for {
		action, err := reader.Next()
		bad, isBad := errors.AsType[*activityfile.BadLine](err)
		switch {
		case errors.Is(err, io.EOF):
			return im.flush(ctx)
		case isBad:
			im.Lines++
			im.reject(bad.Line, "", bad.Reason)
		case err != nil:
			if stored := im.flush(ctx); stored != nil {
				return stored
			}
			return &Error{Kind: Unfinished, Code: "file_broken", Fields: []Field{{
				Name: "file", Message: fmt.Sprintf("%s; what comes before it is stored: correct the file and import it again", err),
			}}}
		default:
			im.Lines++
			im.take(action)
		}
		if len(im.batch) == importBatch {
			if err := im.flush(ctx); err != nil {
				return err
			}
		}
	}
}

func (im *activityImport) take(action activityfile.Action) {
	if err := fairbilling.CheckMemberID(action.Member); err != nil {
		im.reject(action.Line, "member", err.Error())
		return
	}
	day, err := im.day(action.At)
	if err != nil {
		im.reject(action.Line, "at", err.Error())
		return
	}
	if im.First.IsZero() || day.Compare(im.First) < 0 {
		im.First = day
	}
	if day.Compare(im.Last) > 0 {
		im.Last = day
	}
	im.batch, im.lines = append(im.batch, store.MemberDay{MemberID: action.Member, Day: day}), append(im.lines, action.Line)
}

// flush stores the batch. Of a dry run it stores nothing.
func (im *activityImport) flush(ctx context.Context) error {
	if len(im.batch) == 0 {
		return nil
	}
	var added store.ActivityAdded
	if !im.DryRun {
		var err error
		if added, err = im.keep(ctx, im.row.ID, im.batch); err != nil {
			return err
		}
	}
	for _, at := range added.Left {
		im.reject(im.lines[at], "member", fmt.Sprintf("%.60q had left by %s: who comes back gets another id", im.batch[at].MemberID, im.batch[at].Day))
	}
	im.Accepted += len(im.batch) - len(added.Left)
	im.New, im.Joined = im.New+added.New, im.Joined+added.Joined
	im.batch, im.lines = im.batch[:0], im.lines[:0]
	return nil
}

func (im *activityImport) reject(line int, field, reason string) {
	im.Rejected++
	if len(im.RejectedLines) < im.most {
		im.RejectedLines = append(im.RejectedLines, usagecsv.Rejected{Line: line, Field: field, Reason: reason})
	}
}
