package stripe

import (
	bolt "go.etcd.io/bbolt"
)

// taxTransaction is tax that became due, or was reversed. It never changes.
type taxTransaction struct {
	ID              string            `json:"id"`
	Object          string            `json:"object"`
	Created         int64             `json:"created"`
	Currency        string            `json:"currency"`
	Customer        *string           `json:"customer"`
	CustomerDetails taxCustomer       `json:"customer_details"`
	Livemode        bool              `json:"livemode"`
	Metadata        map[string]string `json:"metadata"`
	PostedAt        int64             `json:"posted_at"`
	Reference       string            `json:"reference"`
	Reversal        *taxReversal      `json:"reversal"`
	ShipFromDetails *shipFrom         `json:"ship_from_details"`
	ShippingCost    *taxedShipping    `json:"shipping_cost"`
	TaxDate         int64             `json:"tax_date"`
	Type            string            `json:"type"`
}

type taxReversal struct {
	OriginalTransaction string `json:"original_transaction"`
}

// taxTransactionItem is a line of a transaction; amounts of a reversal are negative.
type taxTransactionItem struct {
	ID          string            `json:"id"`
	Object      string            `json:"object"`
	Amount      int64             `json:"amount"`
	AmountTax   int64             `json:"amount_tax"`
	Livemode    bool              `json:"livemode"`
	Metadata    map[string]string `json:"metadata"`
	Product     *string           `json:"product"`
	Quantity    int64             `json:"quantity"`
	Reference   string            `json:"reference"`
	Reversal    *lineReversal     `json:"reversal"`
	TaxBehavior string            `json:"tax_behavior"`
	TaxCode     string            `json:"tax_code"`
	Type        string            `json:"type"`
}

type lineReversal struct {
	OriginalLineItem string `json:"original_line_item"`
}

// The types of transactions.
const (
	taxedSale   = "transaction"
	taxReversed = "reversal"
)

// taxTransactionItemsBucket holds transaction -> its lines.
const taxTransactionItemsBucket = "tax_transaction_items"

func (t *taxTransaction) identity() (string, int64) { return t.ID, t.Created }

func (t *taxTransaction) indexed() map[string]string {
	values := map[string]string{"reference": t.Reference}
	if t.Reversal != nil {
		values["original_transaction"] = t.Reversal.OriginalTransaction
	}
	return values
}

var taxTransactions = collection[*taxTransaction]{name: "tax transaction", prefix: "tax_"}

func taxTransactionEndpoints() []endpoint {
	commitment := spec{"calculation": required(filledText()), "metadata": metadata(), "posted_at": integer(), "reference": required(referenceSpec())}
	return []endpoint{
		post("/v1/tax/transactions/create_from_calculation", commitment, commitCalculation),
		post("/v1/tax/transactions/create_reversal", reversalSpec(), createReversal),
		get("/v1/tax/transactions/{id}", nil, retrieve(taxTransactions, "id")),
		get("/v1/tax/transactions/{id}/line_items", pageSpec(nil), listTransactionItems),
	}
}

func referenceSpec() param { return param{filled: true, maxChars: maxReference} }

// commitCalculation makes the tax of a calculation due, once.
func commitCalculation(r *call) (any, error) {
	id := r.args.text("calculation")
	c, err := r.calculation(id, "calculation")
	if err != nil {
		return nil, err
	}
	w := taxWorkingOf(r.tx, id)
	if w.Transaction != "" {
		return nil, refused("resource_already_exists", "calculation", "The tax calculation '%s' was already committed, as the tax transaction '%s'.", id, w.Transaction)
	}
	t := &taxTransaction{
		ID: newID(r, taxTransactions), Object: "tax.transaction", Created: r.now(), Currency: c.Currency, Customer: c.Customer,
		CustomerDetails: c.CustomerDetails, PostedAt: r.now(), ShipFromDetails: c.ShipFromDetails, ShippingCost: c.ShippingCost, TaxDate: c.TaxDate, Type: taxedSale,
	}
	if r.args.has("posted_at") {
		t.PostedAt = r.args.integer("posted_at")
		if t.PostedAt < min(c.TaxDate, r.now()) || t.PostedAt > max(c.TaxDate, r.now()) {
			return nil, invalid("", "posted_at", "The `posted_at` must lie between the `tax_date` of the calculation and the current time.")
		}
	}
	items := make([]taxTransactionItem, len(w.Items))
	for i, item := range w.Items {
		items[i] = taxTransactionItem{
			ID: newID(r, taxItemIDs), Object: "tax.transaction_line_item", Amount: item.Amount, AmountTax: item.AmountTax, Metadata: map[string]string{},
			Quantity: item.Quantity, Reference: item.Reference, TaxBehavior: item.TaxBehavior, TaxCode: item.TaxCode, Type: taxedSale,
		}
	}
	if err := r.keepTransaction(t, items); err != nil {
		return nil, err
	}
	w.Transaction = t.ID
	r.keepWorking(id, w)
	return t, nil
}

// keepTransaction stores a transaction under its reference, which no other may have.
func (r *call) keepTransaction(t *taxTransaction, items []taxTransactionItem) error {
	t.Reference = r.args.text("reference")
	taken := ""
	taxTransactions.where(r.tx, "reference", t.Reference, func(other *taxTransaction) bool {
		taken = other.ID
		return false
	})
	if taken != "" {
		return refused("resource_already_exists", "reference", "A tax transaction with the reference '%s' already exists: '%s'.", t.Reference, taken)
	}
	var err error
	if t.Metadata, err = merged(r.args, nil); err != nil {
		return err
	}
	taxTransactions.put(r.tx, t)
	bucketOf(r.tx, taxTransactionItemsBucket).put([]byte(t.ID), encode(items))
	return nil
}

func taxTransactionItems(tx *bolt.Tx, transaction string) (items []taxTransactionItem) {
	if stored := bucketOf(tx, taxTransactionItemsBucket).get([]byte(transaction)); stored != nil {
		decode(stored, &items)
	}
	return items
}

func listTransactionItems(r *call) (any, error) {
	if _, found := taxTransactions.get(r.tx, r.id); !found {
		return nil, notFound("tax transaction", r.id, "id")
	}
	return listPart(r, "tax.transaction_line_item", taxTransactionItems(r.tx, r.id), func(i taxTransactionItem) string { return i.ID })
}

// transactionItems is the list that expanding "line_items" puts into a transaction.
func transactionItems(tx *bolt.Tx, id string) (any, bool) {
	return firstPage("/v1/tax/transactions/"+id+"/line_items", taxTransactionItems(tx, id), defaultLimit), true
}
