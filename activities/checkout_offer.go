package activities

import (
	"context"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/paymethod"
)

// The kinds whose pages need to be told more than their name.
// Source: https://docs.stripe.com/api/checkout/sessions/create, "payment_method_options".
const (
	kindPADs   = "acss_debit"
	kindWeChat = "wechat_pay"
)

// offer names the payment methods of a page, where the seller has the table of markets decide. An amount of zero is of a page
// that saves a method.
func (p provider) offer(ctx context.Context, params *stripe.CheckoutSessionParams, amount money.Amount, use paymethod.Use) error {
	entity, err := p.Store.Entity(ctx, p.customer.EntityID)
	if err != nil || entity.MethodChoice == nil {
		return err
	}
	kinds := entity.MethodChoice.Kinds(p.customer.Country, amount, use)
	if kinds == nil {
		return nil
	}
	params.PaymentMethodTypes = stripe.StringSlice(kinds)
	if params.PaymentMethodOptions == nil {
		params.PaymentMethodOptions = &stripe.CheckoutSessionPaymentMethodOptionsParams{}
	}
	options := params.PaymentMethodOptions
	if slices.Contains(kinds, paymethod.KindTransfer) {
		options.CustomerBalance = p.transferOnPage(amount.Currency)
	}
	if slices.Contains(kinds, kindPADs) {
		options.ACSSDebit = p.padOnPage(amount)
	}
	if slices.Contains(kinds, kindWeChat) {
		options.WeChatPay = &stripe.CheckoutSessionPaymentMethodOptionsWeChatPayParams{Client: stripe.String("web")}
	}
	return nil
}

func (p provider) transferOnPage(currency money.Currency) *stripe.CheckoutSessionPaymentMethodOptionsCustomerBalanceParams {
	route, _ := paymethod.RouteOf(currency, p.customer.Country) // what takes the currency has a route: see TestTransfersHaveRoutes
	transfer := &stripe.CheckoutSessionPaymentMethodOptionsCustomerBalanceBankTransferParams{Type: &route.Scheme}
	if route.Country != "" {
		transfer.EUBankTransfer = &stripe.CheckoutSessionPaymentMethodOptionsCustomerBalanceBankTransferEUBankTransferParams{Country: &route.Country}
	}
	return &stripe.CheckoutSessionPaymentMethodOptionsCustomerBalanceParams{FundingType: stripe.String("bank_transfer"), BankTransfer: transfer}
}

// padOnPage is the mandate of a pre-authorized debit: debits come when invoices do.
func (p provider) padOnPage(amount money.Amount) *stripe.CheckoutSessionPaymentMethodOptionsACSSDebitParams {
	payer := "personal"
	if p.customer.Business {
		payer = "business"
	}
	options := &stripe.CheckoutSessionPaymentMethodOptionsACSSDebitParams{
		MandateOptions: &stripe.CheckoutSessionPaymentMethodOptionsACSSDebitMandateOptionsParams{
			PaymentSchedule: stripe.String("sporadic"), TransactionType: &payer,
		},
	}
	if amount.IsZero() { // of a payment, it is the payment's
		options.Currency = stripe.String(strings.ToLower(string(amount.Currency)))
	}
	return options
}
