package stripe_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
	"pgregory.net/rapid"
)

// committed is a sale of two lines and shipping to Germany whose tax became due.
func (b *bundle) committed(t tester, reference string, amounts ...int64) *stripego.TaxTransaction {
	t.Helper()
	params := sale(amounts[0], "eur", "exclusive", in("DE"))
	params.LineItems = append(params.LineItems, &stripego.TaxCalculationLineItemParams{Amount: &amounts[1], Reference: stripego.String("usage"), TaxBehavior: stripego.String("inclusive")})
	params.ShippingCost = &stripego.TaxCalculationShippingCostParams{Amount: &amounts[2]}
	c, err := b.api.TaxCalculations.New(params)
	require.NoError(t, err)
	made := &stripego.TaxTransactionCreateFromCalculationParams{Calculation: &c.ID, Reference: &reference, Metadata: map[string]string{"order": reference}}
	made.AddExpand("line_items")
	tx, err := b.api.TaxTransactions.CreateFromCalculation(made)
	require.NoError(t, err)
	return tx
}

func (b *bundle) reverse(original, reference string, change func(*stripego.TaxTransactionCreateReversalParams)) (*stripego.TaxTransaction, error) {
	params := &stripego.TaxTransactionCreateReversalParams{Mode: stripego.String("partial"), OriginalTransaction: &original, Reference: &reference}
	params.AddExpand("line_items")
	change(params)
	return b.api.TaxTransactions.CreateReversal(params)
}

func flat(amount int64) func(*stripego.TaxTransactionCreateReversalParams) {
	return func(p *stripego.TaxTransactionCreateReversalParams) { p.FlatAmount = &amount }
}

func full(p *stripego.TaxTransactionCreateReversalParams) { p.Mode = stripego.String("full") }

func TestTaxTransactionIsCommittedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.register(t, "DE", "standard")
	tx := b.committed(t, "order-1", 10_000, 1190, 500)
	require.Equal(t, stripego.TaxTransactionTypeTransaction, tx.Type)
	require.Equal(t, []int64{1900, 190, 95}, []int64{tx.LineItems.Data[0].AmountTax, tx.LineItems.Data[1].AmountTax, tx.ShippingCost.AmountTax})
	require.Equal(t, "order-1", tx.Metadata["order"])
	again, err := b.api.TaxTransactions.Get(tx.ID, nil)
	require.NoError(t, err)
	require.Equal(t, tx.PostedAt, again.PostedAt)

	c, err := b.api.TaxCalculations.New(sale(10_000, "eur", "exclusive", in("DE")))
	require.NoError(t, err)
	commit := &stripego.TaxTransactionCreateFromCalculationParams{Calculation: &c.ID, Reference: stripego.String("order-1")}
	_, err = b.api.TaxTransactions.CreateFromCalculation(commit)
	require.Equal(t, stripego.ErrorCodeResourceAlreadyExists, refusal(t, err).Code, "references are unique")
	require.Equal(t, "reference", refusal(t, err).Param)
	commit.Reference = stripego.String("order-2")
	_, err = b.api.TaxTransactions.CreateFromCalculation(commit)
	require.NoError(t, err, "the refusal changed nothing")
	commit.Reference = stripego.String("order-3")
	_, err = b.api.TaxTransactions.CreateFromCalculation(commit)
	require.Equal(t, "calculation", refusal(t, err).Param)
	b.requireWhole(t, "/v1/tax/transactions/"+tx.ID+"?expand[]=line_items", stripego.TaxTransaction{}, "ship_from_details")
	b.requireWhole(t, "/v1/tax/transactions/"+tx.ID+"/line_items", stripego.TaxTransactionLineItemList{})

	for form, phrase := range map[string]string{
		"reference=a": "Missing required param: calculation", "calculation=taxcalc_x&reference=a": "No such tax calculation",
		"calculation=" + c.ID + "&reference=": "cannot be unset", "calculation=" + c.ID: "Missing required param: reference",
		"calculation=" + c.ID + "&reference=a&colour=red": "unknown parameter",
	} {
		res, body := b.raw(t, http.MethodPost, "/v1/tax/transactions/create_from_calculation", form, nil)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, body)
		require.Contains(t, errorOf(body)["message"], phrase)
	}
	_, err = b.api.TaxTransactions.Get("tax_x", nil)
	require.Equal(t, http.StatusNotFound, refusal(t, err).HTTPStatusCode)
}

func TestTaxIsPostedBetweenTaxDateAndNow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	params := sale(10_000, "eur", "exclusive", in("DE"))
	params.TaxDate = stripego.Int64(time.Now().Add(-24 * time.Hour).Unix())
	c, err := b.api.TaxCalculations.New(params)
	require.NoError(t, err)
	commit := &stripego.TaxTransactionCreateFromCalculationParams{Calculation: &c.ID, Reference: stripego.String("order"), PostedAt: stripego.Int64(c.TaxDate - 1)}
	_, err = b.api.TaxTransactions.CreateFromCalculation(commit)
	require.Equal(t, "posted_at", refusal(t, err).Param)
	commit.PostedAt = stripego.Int64(c.TaxDate + 60)
	tx, err := b.api.TaxTransactions.CreateFromCalculation(commit)
	require.NoError(t, err)
	require.Equal(t, c.TaxDate+60, tx.PostedAt)
}

func TestTaxReversals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.register(t, "DE", "standard")
	whole := b.committed(t, "whole", 10_000, 1190, 500)
	r, err := b.reverse(whole.ID, "whole-back", full)
	require.NoError(t, err)
	require.Equal(t, stripego.TaxTransactionTypeReversal, r.Type)
	require.Equal(t, whole.ID, r.Reversal.OriginalTransaction)
	require.Equal(t, []int64{-10_000, -1900, -1190, -190, -500, -95}, []int64{
		r.LineItems.Data[0].Amount, r.LineItems.Data[0].AmountTax, r.LineItems.Data[1].Amount, r.LineItems.Data[1].AmountTax, r.ShippingCost.Amount, r.ShippingCost.AmountTax,
	})
	require.Equal(t, whole.LineItems.Data[0].ID, r.LineItems.Data[0].Reversal.OriginalLineItem)
	b.requireWhole(t, "/v1/tax/transactions/"+r.ID+"?expand[]=line_items", stripego.TaxTransaction{})
	for name, again := range map[string]func(*stripego.TaxTransactionCreateReversalParams){"whole again": full, "a cent again": flat(-1)} {
		_, err = b.reverse(whole.ID, name, again)
		require.Contains(t, refusal(t, err).Msg, "would exceed", name)
	}
	_, err = b.reverse(r.ID, "back and forth", full)
	require.Contains(t, refusal(t, err).Msg, "is a reversal")

	part := b.committed(t, "part", 10_000, 1190, 500)
	line := func(index int, amount, tax int64, reference string) func(*stripego.TaxTransactionCreateReversalParams) {
		return func(p *stripego.TaxTransactionCreateReversalParams) {
			p.LineItems = []*stripego.TaxTransactionCreateReversalLineItemParams{{
				Amount: &amount, AmountTax: &tax, OriginalLineItem: &part.LineItems.Data[index].ID, Quantity: stripego.Int64(1), Reference: &reference, Metadata: map[string]string{"why": "half"},
			}}
		}
	}
	got, err := b.reverse(part.ID, "part-1", line(0, -6000, -1140, "seat-1"))
	require.NoError(t, err)
	require.Equal(t, "half", got.LineItems.Data[0].Metadata["why"])
	require.Nil(t, got.ShippingCost)
	_, err = b.reverse(part.ID, "part-2", line(0, -6000, 0, "seat-2"))
	require.Contains(t, refusal(t, err).Msg, "would exceed")
	_, err = b.reverse(part.ID, "part-2", line(0, -100, -1000, "seat-2"))
	require.Contains(t, refusal(t, err).Msg, "would exceed")
	_, err = b.reverse(part.ID, "part-2", line(0, 100, 0, "seat-2"))
	require.Contains(t, refusal(t, err).Msg, "less than or equal to 0")
	_, err = b.reverse(part.ID, "part-2", line(1, -100, 0, "seat-1"))
	require.Contains(t, refusal(t, err).Msg, "used by another")
	_, err = b.reverse(part.ID, "part-1", line(1, -100, 0, "usage-1"))
	require.Equal(t, stripego.ErrorCodeResourceAlreadyExists, refusal(t, err).Code)
	_, err = b.reverse(part.ID, "part-2", full)
	require.Contains(t, refusal(t, err).Msg, "would exceed", "a part is gone")
	left := int64(4760 + 1190 + 595)
	_, err = b.reverse(part.ID, "part-2", flat(-left-1))
	require.Contains(t, refusal(t, err).Msg, "would exceed")
	got, err = b.reverse(part.ID, "part-2", flat(-left))
	require.NoError(t, err)
	require.Equal(t, []int64{-4000, -760, -1190, -190, -500, -95}, []int64{
		got.LineItems.Data[0].Amount, got.LineItems.Data[0].AmountTax, got.LineItems.Data[1].Amount, got.LineItems.Data[1].AmountTax, got.ShippingCost.Amount, got.ShippingCost.AmountTax,
	})
}

func TestRefusesReversals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.register(t, "DE", "standard")
	tx := b.committed(t, "order", 10_000, 1190, 500)
	item := "line_items[0][original_line_item]=" + tx.LineItems.Data[0].ID + "&line_items[0][reference]=r"
	for form, phrase := range map[string]string{
		"mode=full&reference=a": "Missing required param: original_transaction", "mode=half&reference=a&original_transaction=" + tx.ID: "must be one of full, partial",
		"mode=full&reference=a&original_transaction=tax_x": "No such tax transaction", "mode=full&original_transaction=" + tx.ID: "Missing required param: reference",
		"mode=full&reference=a&flat_amount=-1&original_transaction=" + tx.ID: "only specify flat_amount", "mode=partial&reference=a&original_transaction=" + tx.ID: "either a flat_amount",
		"mode=partial&reference=a&flat_amount=5&original_transaction=" + tx.ID:                                                                                                              "less than 0",
		"mode=partial&reference=a&flat_amount=-5&shipping_cost[amount]=-1&shipping_cost[amount_tax]=0&original_transaction=" + tx.ID:                                                        "either a flat_amount",
		"mode=partial&reference=a&" + item + "&original_transaction=" + tx.ID:                                                                                                               "Missing required param: line_items[0][amount]",
		"mode=partial&reference=a&line_items[0][amount]=-1&line_items[0][amount_tax]=0&line_items[0][original_line_item]=tax_li_x&line_items[0][reference]=r&original_transaction=" + tx.ID: "No such line item",
		"mode=partial&reference=a&shipping_cost[amount]=-501&shipping_cost[amount_tax]=0&original_transaction=" + tx.ID:                                                                     "would exceed",
	} {
		res, body := b.raw(t, http.MethodPost, "/v1/tax/transactions/create_reversal", form, nil)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, "%s: %v", form, body)
		require.Contains(t, errorOf(body)["message"], phrase, form)
	}
	require.Empty(t, reversalsOf(t, b, "a"), "nothing was recorded")
}

// reversalsOf tries to use a reference: it is free if nothing was recorded under it.
func reversalsOf(t *testing.T, b *bundle, reference string) string {
	t.Helper()
	c, err := b.api.TaxCalculations.New(sale(1, "eur", "exclusive", in("DE")))
	require.NoError(t, err)
	if _, err := b.api.TaxTransactions.CreateFromCalculation(&stripego.TaxTransactionCreateFromCalculationParams{Calculation: &c.ID, Reference: &reference}); err != nil {
		return err.Error()
	}
	return ""
}

// However a sale is taken back, in the end exactly what was committed is gone, line by line.
func TestReversalsNeverExceedTheSale(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.register(t, "DE", "standard")
	sales := 0
	rapid.Check(t, func(t *rapid.T) {
		sales++
		amount := func(name string) int64 { return rapid.Int64Range(1, 100_000).Draw(t, name) }
		name := "sale-" + strconv.Itoa(sales)
		tx := b.committed(t, name, amount("seat"), amount("usage"), amount("shipping"))
		type part struct{ amount, tax int64 }
		left := map[string]part{"shipping": {tx.ShippingCost.Amount, tx.ShippingCost.AmountTax}}
		total := tx.ShippingCost.Amount + tx.ShippingCost.AmountTax
		for _, item := range tx.LineItems.Data {
			left[item.ID] = part{item.Amount, item.AmountTax}
			if total += item.Amount; item.TaxBehavior == "exclusive" {
				total += item.AmountTax
			}
		}
		for step := 0; total > 0; step++ {
			back := total
			if step < 4 {
				back = rapid.Int64Range(1, total).Draw(t, "back")
			}
			r, err := b.reverse(tx.ID, name+"/"+strconv.Itoa(step), flat(-back))
			require.NoError(t, err)
			total -= back
			taken := int64(0)
			for _, item := range r.LineItems.Data {
				was := left[item.Reversal.OriginalLineItem]
				left[item.Reversal.OriginalLineItem] = part{was.amount + item.Amount, was.tax + item.AmountTax}
				if taken -= item.Amount; item.TaxBehavior == "exclusive" {
					taken -= item.AmountTax
				}
			}
			if s := r.ShippingCost; s != nil {
				left["shipping"] = part{left["shipping"].amount + s.Amount, left["shipping"].tax + s.AmountTax}
				taken -= s.Amount + s.AmountTax
			}
			require.Equal(t, back, taken)
			for id, rest := range left {
				require.GreaterOrEqual(t, min(rest.amount, rest.tax), int64(0), id)
			}
		}
		for id, rest := range left {
			require.Equal(t, part{}, rest, id)
		}
	})
}
