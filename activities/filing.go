package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Filing prepares tax returns and records what happened to them.
type Filing struct {
	Store *store.Store
}

// FreezeReturn fixes which entries a return covers: all of the scheme with a tax point in the period that no return has taken.
func (f *Filing) FreezeReturn(ctx context.Context, in message.TaxFilingInput) (message.FilingState, error) {
	scheme := tax.Scheme(in.Scheme)
	quarter, err := tax.ParseQuarter(in.Period)
	if err != nil {
		return message.FilingState{}, err
	}
	fileBy, payBy, err := tax.Due(scheme, quarter)
	if err != nil {
		return message.FilingState{}, err
	}
	row := store.TaxReturn{
		ID: in.ReturnID(), EntityID: in.EntityID, Scheme: scheme, Period: in.Period, Revision: 1,
		FileBy: fileBy.String(), PayBy: payBy.String(), Currency: returnCurrency(scheme), FrozenAt: in.AsOf,
	}
	err = f.Store.Tx(ctx, func(tx store.Tx) error { return tx.FreezeReturn(ctx, row, quarter.Start(), quarter.End()) })
	if err != nil {
		return message.FilingState{}, err
	}
	return f.read(ctx, row.ID)
}

func returnCurrency(scheme tax.Scheme) money.Currency {
	if scheme == tax.SchemeUKVAT {
		return "GBP"
	}
	return "EUR"
}

// ComputeReturn aggregates the frozen entries and reconciles them with the ledger. A missing exchange rate is not an
// error: the state names it, and the filing waits for it.
func (f *Filing) ComputeReturn(ctx context.Context, in message.ReturnStep) (message.FilingState, error) {
	err := f.Store.Tx(ctx, func(tx store.Tx) error {
		row, err := tx.LockReturn(ctx, in.ReturnID)
		if err != nil || row.Status != store.ReturnFrozen {
			return err
		}
		computed, err := compute(ctx, tx, row)
		if err != nil {
			return err
		}
		if row.Content, err = json.Marshal(computed); err != nil {
			return err
		}
		row.Status, row.Payable = store.ReturnComputed, computed.Payable.Minor
		return tx.SaveReturn(ctx, row)
	})
	if missing, ok := errors.AsType[*tax.MissingRateError](err); ok {
		state, err := f.read(ctx, in.ReturnID)
		state.Missing = missing.Error()
		return state, err
	}
	if err != nil {
		return message.FilingState{}, fmt.Errorf("compute %s: %w", in.ReturnID, err)
	}
	return f.read(ctx, in.ReturnID)
}

func compute(ctx context.Context, tx store.Tx, row store.TaxReturn) (tax.Return, error) {
	quarter, err := tax.ParseQuarter(row.Period)
	if err != nil {
		return tax.Return{}, err
	}
	entries, err := tx.ReturnEntries(ctx, row.ID)
	if err != nil {
		return tax.Return{}, err
	}
	// Credit notes ask for the rate of the period they correct, and a rate may be published after the period's end.
	rates, err := tx.FXRates(ctx, quarter.Start().AddDays(-oldestCorrection), quarter.End().AddDays(latestPublication))
	if err != nil {
		return tax.Return{}, err
	}
	computed, err := tax.Aggregate(row.Scheme, quarter, entries, rates)
	if err != nil {
		return tax.Return{}, err
	}
	return computed, reconcile(ctx, tx, row.ID, computed)
}

// Corrections reach back three years from the original due date (Directive 2006/112/EC art. 369g); a rate may carry a
// date some days after the period when nothing was published on its last.
const (
	oldestCorrection  = 4 * 366
	latestPublication = 10
)

// reconcile compares what the return declares, currency by currency, with what the ledger says was charged on the
// same invoices. A difference means that one of them is wrong: the return is not made.
func reconcile(ctx context.Context, tx store.Tx, returnID string, computed tax.Return) error {
	booked, err := tx.BookedTax(ctx, returnID)
	if err != nil {
		return err
	}
	for _, control := range computed.Controls {
		if in := booked[control.Currency]; in != control.Tax.Minor {
			return fmt.Errorf("the return declares %s, the ledger has %s on the same invoices", control.Tax, money.New(in, control.Currency))
		}
	}
	return nil
}

// ApproveReturn records who approved the return.
func (f *Filing) ApproveReturn(ctx context.Context, in message.ReturnStep) (message.FilingState, error) {
	return f.move(ctx, in, store.ReturnComputed, func(_ store.Tx, row *store.TaxReturn, _ tax.Return) error {
		row.Status, row.ApprovedBy, row.ApprovedAt = store.ReturnApproved, in.By, &in.At
		return nil
	})
}

// FileReturn marks the return as filed, under a reference derived from its identity, and moves its tax from payable to
// settlement. Handing it to an authority is a person's act: there is no filing API to call.
func (f *Filing) FileReturn(ctx context.Context, in message.ReturnStep) (message.FilingState, error) {
	return f.move(ctx, in, store.ReturnApproved, func(tx store.Tx, row *store.TaxReturn, content tax.Return) error {
		row.Status, row.FiledAt, row.FiledRef = store.ReturnFiled, &in.At, strings.ToUpper("FILED-"+shortHash(row.ID))
		return tx.Post(ctx, ledger.TaxReturnFiled(row.EntityID, row.ID, in.At, taxesOf(content)))
	})
}

// PayReturn marks the return as paid and books the payment.
func (f *Filing) PayReturn(ctx context.Context, in message.ReturnStep) (message.FilingState, error) {
	return f.move(ctx, in, store.ReturnFiled, func(tx store.Tx, row *store.TaxReturn, content tax.Return) error {
		row.Status, row.PaidAt = store.ReturnPaid, &in.At
		return tx.Post(ctx, ledger.TaxReturnPaid(row.EntityID, row.ID, in.At, taxesOf(content)))
	})
}

// returnChange is what a step does to a return, inside the transaction that locks it.
type returnChange func(store.Tx, *store.TaxReturn, tax.Return) error

// move takes a return from one state to the next. A return that is past that state stays as it is: the step ran before.
func (f *Filing) move(ctx context.Context, in message.ReturnStep, from string, change returnChange) (message.FilingState, error) {
	err := f.Store.Tx(ctx, func(tx store.Tx) error {
		row, err := tx.LockReturn(ctx, in.ReturnID)
		if err != nil || row.Status != from {
			return err
		}
		var content tax.Return
		if err := json.Unmarshal(row.Content, &content); err != nil {
			return err
		}
		if err := change(tx, &row, content); err != nil {
			return err
		}
		return tx.SaveReturn(ctx, row)
	})
	if err != nil {
		return message.FilingState{}, fmt.Errorf("%s: %w", in.ReturnID, err)
	}
	return f.read(ctx, in.ReturnID)
}

func taxesOf(content tax.Return) []money.Amount {
	taxes := make([]money.Amount, len(content.Controls))
	for i, control := range content.Controls {
		taxes[i] = control.Tax
	}
	return taxes
}

func (f *Filing) read(ctx context.Context, id string) (message.FilingState, error) {
	row, err := f.Store.TaxReturn(ctx, id)
	if err != nil {
		return message.FilingState{}, err
	}
	entries, err := f.Store.ReturnEntries(ctx, id)
	state := message.FilingState{
		Status: row.Status, Payable: money.New(row.Payable, row.Currency), Entries: len(entries),
		FileBy: row.FileBy, PayBy: row.PayBy, FiledRef: row.FiledRef,
	}
	if row.ApprovedAt != nil {
		state.Approved = &message.Approval{By: row.ApprovedBy, At: *row.ApprovedAt}
	}
	return state, err
}
