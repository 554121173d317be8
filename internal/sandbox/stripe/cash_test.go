package stripe_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

// byTransfer asks for a bank transfer.
func byTransfer(customer string, amount int64) *stripego.PaymentIntentParams {
	kind := stripego.String("customer_balance")
	return &stripego.PaymentIntentParams{
		Amount: &amount, Currency: stripego.String("eur"), Customer: &customer, Confirm: stripego.Bool(true), PaymentMethodTypes: []*string{kind},
		PaymentMethodData: &stripego.PaymentIntentPaymentMethodDataParams{Type: kind},
		PaymentMethodOptions: &stripego.PaymentIntentPaymentMethodOptionsParams{CustomerBalance: &stripego.PaymentIntentPaymentMethodOptionsCustomerBalanceParams{
			FundingType: stripego.String("bank_transfer"), BankTransfer: &stripego.PaymentIntentPaymentMethodOptionsCustomerBalanceBankTransferParams{
				Type:           stripego.String("eu_bank_transfer"),
				EUBankTransfer: &stripego.PaymentIntentPaymentMethodOptionsCustomerBalanceBankTransferEUBankTransferParams{Country: stripego.String("DE")},
			},
		}},
	}
}

func (b *bundle) fund(t testing.TB, customer string, amount int64, reference string) {
	t.Helper()
	_, err := b.api.TestHelpersCustomers.FundCashBalance(customer, &stripego.TestHelpersCustomerFundCashBalanceParams{
		Amount: &amount, Currency: stripego.String("eur"), Reference: &reference,
	})
	require.NoError(t, err)
}

func TestTransferInParts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newInbox(t, b, "payment_intent.requires_action", "payment_intent.partially_funded", "payment_intent.succeeded", "cash_balance.funds_available")
	c := b.customer(t)
	p, err := b.api.PaymentIntents.New(byTransfer(c.ID, 5000))
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusRequiresAction, p.Status)
	told := p.NextAction.DisplayBankTransferInstructions
	require.Equal(t, int64(5000), told.AmountRemaining)
	require.Equal(t, "DE", told.FinancialAddresses[0].IBAN.Country)
	same, err := b.api.Customers.CreateFundingInstructions(c.ID, &stripego.CustomerCreateFundingInstructionsParams{
		Currency: stripego.String("eur"), FundingType: stripego.String("bank_transfer"), BankTransfer: &stripego.CustomerCreateFundingInstructionsBankTransferParams{
			Type:           stripego.String("eu_bank_transfer"),
			EUBankTransfer: &stripego.CustomerCreateFundingInstructionsBankTransferEUBankTransferParams{Country: stripego.String("DE")},
		},
	})
	require.NoError(t, err)
	require.Equal(t, same.BankTransfer.FinancialAddresses[0].IBAN.IBAN, told.FinancialAddresses[0].IBAN.IBAN)

	b.fund(t, c.ID, 2000, "")
	p, err = b.api.PaymentIntents.Get(p.ID, nil)
	require.NoError(t, err)
	require.Equal(t, int64(3000), p.NextAction.DisplayBankTransferInstructions.AmountRemaining)
	b.fund(t, c.ID, 3500, told.Reference)
	p, err = b.api.PaymentIntents.Get(p.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusSucceeded, p.Status)
	require.Equal(t, int64(5000), p.AmountReceived)
	balance, err := b.api.CashBalances.Get(&stripego.CashBalanceParams{Customer: &c.ID})
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"eur": 500}, balance.Available, "what was sent too much stays the customer's")
	require.Equal(t, []string{"payment_intent.requires_action", "payment_intent.partially_funded", "payment_intent.succeeded", "cash_balance.funds_available"}, kindsOf(in.wait(t, 4)))

	it := b.api.CustomerCashBalanceTransactions.List(&stripego.CustomerCashBalanceTransactionListParams{Customer: &c.ID})
	sum := int64(0)
	for it.Next() {
		sum += it.CustomerCashBalanceTransaction().NetAmount
	}
	require.NoError(t, it.Err())
	require.Equal(t, int64(500), sum)
	p, err = b.api.PaymentIntents.New(byTransfer(c.ID, 400))
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusSucceeded, p.Status, "the rest pays the next one at once")
}

func TestTransferGoesToThePaymentItNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	var made []*stripego.PaymentIntent
	for _, amount := range []int64{5000, 3000, 3000} {
		p, err := b.api.PaymentIntents.New(byTransfer(c.ID, amount))
		require.NoError(t, err)
		made = append(made, p)
	}
	b.fund(t, c.ID, 3000, "for "+made[2].NextAction.DisplayBankTransferInstructions.Reference)
	b.fund(t, c.ID, 3000, "no idea")
	for i, want := range []stripego.PaymentIntentStatus{stripego.PaymentIntentStatusRequiresAction, stripego.PaymentIntentStatusSucceeded, stripego.PaymentIntentStatusSucceeded} {
		p, err := b.api.PaymentIntents.Get(made[i].ID, nil)
		require.NoError(t, err)
		require.Equal(t, want, p.Status, i)
	}
}

func TestCashIsAppliedByHandAndGivenBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	_, err := b.api.CashBalances.Update(&stripego.CashBalanceParams{
		Customer: &c.ID, Settings: &stripego.CashBalanceSettingsParams{ReconciliationMode: stripego.String("manual")},
	})
	require.NoError(t, err)
	p, err := b.api.PaymentIntents.New(byTransfer(c.ID, 5000))
	require.NoError(t, err)
	b.fund(t, c.ID, 4000, "")
	_, err = b.api.PaymentIntents.ApplyCustomerBalance(p.ID, &stripego.PaymentIntentApplyCustomerBalanceParams{Amount: stripego.Int64(4001)})
	require.Equal(t, "amount", refusal(t, err).Param)
	p, err = b.api.PaymentIntents.ApplyCustomerBalance(p.ID, &stripego.PaymentIntentApplyCustomerBalanceParams{Amount: stripego.Int64(1500)})
	require.NoError(t, err)
	require.Equal(t, int64(3500), p.NextAction.DisplayBankTransferInstructions.AmountRemaining)
	_, err = b.api.PaymentIntents.Cancel(p.ID, nil)
	require.NoError(t, err)
	balance, err := b.api.CashBalances.Get(&stripego.CashBalanceParams{Customer: &c.ID})
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"eur": 4000}, balance.Available)
}

func TestTransferNeedsToKnowWhereTo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	for param, change := range map[string]func(*stripego.PaymentIntentParams){
		"customer": func(p *stripego.PaymentIntentParams) { p.Customer = nil },
		"payment_method_options[customer_balance][bank_transfer][type]": func(p *stripego.PaymentIntentParams) { p.PaymentMethodOptions = nil },
		"payment_method_options[customer_balance][bank_transfer][eu_bank_transfer][country]": func(p *stripego.PaymentIntentParams) {
			p.PaymentMethodOptions.CustomerBalance.BankTransfer.EUBankTransfer = nil
		},
	} {
		params := byTransfer(c.ID, 5000)
		change(params)
		_, err := b.api.PaymentIntents.New(params)
		require.Equal(t, param, refusal(t, err).Param)
	}
}
