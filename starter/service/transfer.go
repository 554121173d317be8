package service

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Transfer says where a customer sends money. It is asked of the provider each time and kept nowhere: the account is the
// customer's own.
type Transfer struct {
	// Remaining is what is still to be sent for an invoice; zero when it is for none.
	Remaining money.Amount `json:"remaining,omitzero"`
	// Reference goes into the transfer, so that it pays this invoice and no other.
	Reference string            `json:"reference,omitempty"`
	Accounts  []TransferAccount `json:"accounts"`
}

// TransferAccount is one way to write the account, for the networks that understand it.
type TransferAccount struct {
	Networks []string        `json:"networks"`
	Details  []AccountDetail `json:"details"`
}

// AccountDetail is one line of an account, such as its IBAN.
type AccountDetail struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// accountLabels are what the provider says of an account, in the order in which people write it.
// Source: https://docs.stripe.com/api/payment_intents/object, next_action.display_bank_transfer_instructions.
var accountLabels = []AccountDetail{
	{"account_holder_name", "Account holder"},
	{"iban", "IBAN"},
	{"bic", "BIC"},
	{"sort_code", "Sort code"},
	{"routing_number", "Routing number"},
	{"clabe", "CLABE"},
	{"account_type", "Account type"},
	{"account_number", "Account number"},
	{"swift_code", "SWIFT code"},
	{"bank_name", "Bank"},
	{"bank_code", "Bank code"},
	{"branch_name", "Branch"},
	{"branch_code", "Branch code"},
}

// financialAddress is an account as the provider writes it: what is particular to its type is under the type's name.
type financialAddress struct {
	Type     string   `json:"type"`
	Networks []string `json:"supported_networks"`
	fields   map[string]any
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *financialAddress) UnmarshalJSON(raw []byte) error {
	type plain financialAddress
	if err := json.Unmarshal(raw, (*plain)(a)); err != nil {
		return fmt.Errorf("read account: %w", err)
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil {
		return fmt.Errorf("read account: %w", err)
	}
	if own, found := parts[a.Type]; found {
		if err := json.Unmarshal(own, &a.fields); err != nil {
			return fmt.Errorf("read account of type %s: %w", a.Type, err)
		}
	}
	return nil
}

func accountsOf(addresses []financialAddress) []TransferAccount {
	accounts := make([]TransferAccount, len(addresses))
	for i, address := range addresses {
		accounts[i].Networks = address.Networks
		for _, known := range accountLabels {
			if value, ok := address.fields[known.Label].(string); ok && value != "" {
				accounts[i].Details = append(accounts[i].Details, AccountDetail{Label: known.Value, Value: value})
			}
		}
	}
	return accounts
}

// transferOf reads where the customer sends the money that an invoice waits for; nil when it waits for none.
func (s *Service) transferOf(ctx context.Context, invoice store.Invoice, last *store.Payment) (*Transfer, error) {
	if last == nil || !last.Transfer || last.Status != store.PaymentRequiresAction || invoice.ProviderIntent == nil || s.stripe == nil {
		return nil, nil
	}
	intent, err := s.stripe.PaymentIntents.Get(*invoice.ProviderIntent, &stripe.PaymentIntentParams{Params: stripe.Params{Context: ctx}})
	if err != nil {
		return nil, fmt.Errorf("read payment intent %s: %w", *invoice.ProviderIntent, err)
	}
	var read struct {
		NextAction struct {
			Transfer *struct {
				Remaining int64              `json:"amount_remaining"`
				Reference string             `json:"reference"`
				Addresses []financialAddress `json:"financial_addresses"`
			} `json:"display_bank_transfer_instructions"`
		} `json:"next_action"`
	}
	if err := json.Unmarshal(intent.LastResponse.RawJSON, &read); err != nil {
		return nil, fmt.Errorf("read payment intent %s: %w", intent.ID, err)
	}
	told := read.NextAction.Transfer
	if told == nil {
		return nil, nil // it was paid before we looked
	}
	remaining, err := stripeunit.Amount(told.Remaining, invoice.Currency)
	return &Transfer{Remaining: remaining, Reference: told.Reference, Accounts: accountsOf(told.Addresses)}, err
}

// PayByTransfer has the customer of the invoice behind a link told where to send the money: our page shows it. What they sent
// before pays at once.
func (s *Service) PayByTransfer(ctx context.Context, key string) (next string, err error) {
	invoice, err := s.InvoiceByPageKey(ctx, key)
	if err == nil {
		_, err = s.collectNow(ctx, invoice, message.PayNow{Transfer: true})
	}
	return "", err
}

// AskTransfer is PayByTransfer for an operator, by the invoice's id. Nil says that the invoice waits for no transfer: it is
// paid, or the seller's rules block it.
func (s *Service) AskTransfer(ctx context.Context, invoiceID string) (*Transfer, error) {
	invoice, err := s.invoiceOfRequest(ctx, invoiceID)
	if err != nil {
		return nil, err
	}
	if _, err := s.collectNow(ctx, invoice, message.PayNow{Transfer: true}); err != nil {
		return nil, err
	}
	if invoice, err = s.store.Invoice(ctx, invoice.ID); err != nil {
		return nil, err
	}
	last, err := s.lastPayment(ctx, invoice.ID)
	if err != nil {
		return nil, err
	}
	return s.transferOf(ctx, invoice, last)
}

// FundingInstructions says where a customer sends money in a currency (empty: theirs), whatever it is to pay. What arrives
// without being asked for waits until an invoice is paid by transfer.
func (s *Service) FundingInstructions(ctx context.Context, customerID, currency string) (Transfer, error) {
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return Transfer{}, err
	}
	in := customer.Currency
	if currency != "" {
		if in, err = money.ParseCurrency(currency); err != nil {
			return Transfer{}, invalid("currency", "%s", err)
		}
	}
	route, found := paymethod.RouteOf(in, customer.Country)
	switch {
	case !found:
		return Transfer{}, invalid("currency", "the provider has no accounts for bank transfers in %s", in)
	case customer.ProviderCustomerID == nil || s.stripe == nil:
		return Transfer{}, refused("customer_unknown_to_provider", "the provider does not know customer %s before their first payment", customer.ID)
	}
	at, err := s.now(ctx, customer)
	if err == nil {
		err = s.store.AddTransferPayer(ctx, customer.ID, at)
	}
	if err != nil {
		return Transfer{}, err
	}
	return s.instructions(ctx, *customer.ProviderCustomerID, in, route)
}

func (s *Service) instructions(ctx context.Context, customer string, currency money.Currency, route paymethod.Route) (Transfer, error) {
	transfer := &stripe.CustomerCreateFundingInstructionsBankTransferParams{Type: &route.Scheme}
	if route.Country != "" {
		transfer.EUBankTransfer = &stripe.CustomerCreateFundingInstructionsBankTransferEUBankTransferParams{Country: &route.Country}
	}
	made, err := s.stripe.Customers.CreateFundingInstructions(customer, &stripe.CustomerCreateFundingInstructionsParams{
		Params: stripe.Params{Context: ctx}, Currency: stripe.String(strings.ToLower(string(currency))),
		FundingType: stripe.String("bank_transfer"), BankTransfer: transfer,
	})
	if err != nil {
		return Transfer{}, fmt.Errorf("ask where %s sends money: %w", customer, err)
	}
	var read struct {
		Transfer struct {
			Addresses []financialAddress `json:"financial_addresses"`
		} `json:"bank_transfer"`
	}
	if err := json.Unmarshal(made.LastResponse.RawJSON, &read); err != nil {
		return Transfer{}, fmt.Errorf("read where %s sends money: %w", customer, err)
	}
	return Transfer{Accounts: accountsOf(read.Transfer.Addresses)}, nil
}

// CustomerCash is what a customer sent by bank transfer.
type CustomerCash struct {
	// Deposits are what pays nothing yet, by currency.
	Deposits  []store.Deposit      `json:"deposits"`
	Movements []store.CashMovement `json:"movements"`
}

// CustomerCash reads what a customer sent, as far as it is recorded: news of it is within seconds.
func (s *Service) CustomerCash(ctx context.Context, customerID string) (CustomerCash, error) {
	if _, err := s.customer(ctx, customerID); err != nil {
		return CustomerCash{}, err
	}
	found := CustomerCash{Deposits: []store.Deposit{}, Movements: []store.CashMovement{}}
	deposits, err := s.store.Deposits(ctx, "", customerID)
	if err != nil {
		return found, err
	}
	movements, err := s.store.CashMovements(ctx, customerID)
	found.Deposits, found.Movements = append(found.Deposits, deposits...), append(found.Movements, movements...)
	return found, err
}

// Deposits lists the money of a legal entity's customers (empty: of all) that pays nothing yet.
func (s *Service) Deposits(ctx context.Context, entityID string) (Page[store.Deposit], error) {
	if err := s.checkFilters(ctx, map[string]string{"entity": entityID}); err != nil {
		return Page[store.Deposit]{}, err
	}
	rows, err := s.store.Deposits(ctx, entityID, "")
	return page(rows, len(rows), func(d store.Deposit) string { return d.CustomerID }), err
}
