package stripe

// cashTransaction is a movement of a customer's cash balance.
type cashTransaction struct {
	ID                   string       `json:"id"`
	Object               string       `json:"object"`
	AppliedToPayment     *cashPayment `json:"applied_to_payment,omitempty"`
	Created              int64        `json:"created"`
	Currency             string       `json:"currency"`
	Customer             string       `json:"customer"`
	EndingBalance        int64        `json:"ending_balance"`
	Funded               *cashFunded  `json:"funded,omitempty"`
	Livemode             bool         `json:"livemode"`
	NetAmount            int64        `json:"net_amount"`
	Type                 string       `json:"type"`
	UnappliedFromPayment *cashPayment `json:"unapplied_from_payment,omitempty"`
}

type cashPayment struct {
	PaymentIntent string `json:"payment_intent"`
}

type cashFunded struct {
	BankTransfer fundedTransfer `json:"bank_transfer"`
}

type fundedTransfer struct {
	EUBankTransfer *euSender `json:"eu_bank_transfer,omitempty"`
	GBBankTransfer *gbSender `json:"gb_bank_transfer,omitempty"`
	JPBankTransfer *jpSender `json:"jp_bank_transfer,omitempty"`
	Reference      *string   `json:"reference"`
	Type           string    `json:"type"`
	USBankTransfer *usSender `json:"us_bank_transfer,omitempty"`
}

type euSender struct {
	BIC        *string `json:"bic"`
	IBANLast4  *string `json:"iban_last4"`
	SenderName *string `json:"sender_name"`
}

type gbSender struct {
	AccountNumberLast4 *string `json:"account_number_last4"`
	SenderName         *string `json:"sender_name"`
	SortCode           *string `json:"sort_code"`
}

type jpSender struct {
	SenderBank   *string `json:"sender_bank"`
	SenderBranch *string `json:"sender_branch"`
	SenderName   *string `json:"sender_name"`
}

type usSender struct {
	Network    string  `json:"network"`
	SenderName *string `json:"sender_name"`
}

func (t *cashTransaction) identity() (string, int64) { return t.ID, t.Created }

func (t *cashTransaction) indexed() map[string]string {
	return map[string]string{"customer": t.Customer}
}

var cashTransactions = collection[*cashTransaction]{name: "customer_cash_balance_transaction", prefix: "ccsbtxn_"}

func fundedBy(currency, reference string) *cashFunded {
	f := &cashFunded{BankTransfer: fundedTransfer{Reference: optional(reference), Type: transferType(currency)}}
	name := optional("Jenny Rosen")
	switch currency {
	case "eur":
		f.BankTransfer.EUBankTransfer = &euSender{BIC: optional("TESTDE22"), IBANLast4: optional("3000"), SenderName: name}
	case "gbp":
		f.BankTransfer.GBBankTransfer = &gbSender{AccountNumberLast4: optional("2345"), SenderName: name, SortCode: optional("108800")}
	case "jpy":
		f.BankTransfer.JPBankTransfer = &jpSender{SenderName: name}
	case "usd":
		f.BankTransfer.USBankTransfer = &usSender{Network: "ach", SenderName: name}
	}
	return f
}

// moveCash writes a movement and brings the balance up to date with it.
func (r *call) moveCash(customerID, currency string, amount int64, t cashTransaction) *cashTransaction {
	b := r.cashBalance(customerID)
	b.Available[currency] += amount
	r.putCashBalance(b)
	t.ID, t.Object, t.Created, t.Currency, t.Customer = newID(r, cashTransactions), "customer_cash_balance_transaction", r.now(), currency, customerID
	t.EndingBalance, t.NetAmount = b.Available[currency], amount
	cashTransactions.put(r.tx, &t)
	r.emit("customer_cash_balance_transaction.created", t, nil)
	return &t
}

func listCashTransactions(r *call) (any, error) {
	if _, err := r.liveCustomer(r.id, "customer"); err != nil {
		return nil, err
	}
	return cashTransactions.list(r, func(t *cashTransaction) bool { return t.Customer == r.id })
}

func getCashTransaction(r *call) (any, error) {
	if _, err := r.liveCustomer(r.id, "customer"); err != nil {
		return nil, err
	}
	t, found := cashTransactions.get(r.tx, r.item)
	if !found || t.Customer != r.id {
		return nil, notFound(cashTransactions.name, r.item, "id")
	}
	return t, nil
}
