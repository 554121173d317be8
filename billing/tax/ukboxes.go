package tax

import (
	"fmt"

	"github.com/perennial-billing/perennial/billing/money"
)

// UKBoxes are the nine boxes of a UK VAT return under the names HMRC's Making Tax Digital API gives them. Boxes 1 to
// 5 are pounds and pence; 6 to 9 are whole pounds, rounded half away from zero. A seller of services that does not
// reclaim input tax here leaves 2, 4, 7, 8 and 9 at nil.
type UKBoxes struct {
	VATDueSales                  money.Amount `json:"vatDueSales"`                  // 1
	VATDueAcquisitions           money.Amount `json:"vatDueAcquisitions"`           // 2
	TotalVATDue                  money.Amount `json:"totalVatDue"`                  // 3 = 1 + 2
	VATReclaimedCurrPeriod       money.Amount `json:"vatReclaimedCurrPeriod"`       // 4
	NetVATDue                    money.Amount `json:"netVatDue"`                    // 5 = |3 - 4|
	TotalValueSalesExVAT         int64        `json:"totalValueSalesExVAT"`         // 6
	TotalValuePurchasesExVAT     int64        `json:"totalValuePurchasesExVAT"`     // 7
	TotalValueGoodsSuppliedExVAT int64        `json:"totalValueGoodsSuppliedExVAT"` // 8
	TotalAcquisitionsExVAT       int64        `json:"totalAcquisitionsExVAT"`       // 9
}

// maxBox5 is HMRC's limit for box 5 in pence, 99,999,999,999.99. Boxes 1 to 4 may hold a hundred times as much, which
// box 5 never lets them reach here.
const maxBox5 = 9_999_999_999_999

func (r *Return) ukBoxes() (*UKBoxes, error) {
	net, tax := money.Zero(r.Currency), money.Zero(r.Currency)
	for _, row := range r.Rows {
		if err := addTo(&net, row.Net); err != nil {
			return nil, fmt.Errorf("box 6: %w", err)
		}
		if err := addTo(&tax, row.Tax); err != nil {
			return nil, fmt.Errorf("box 1: %w", err)
		}
	}
	if tax.Abs().Minor > maxBox5 {
		return nil, fmt.Errorf("box 5: %s is more than a return can hold", tax)
	}
	nothing := money.Zero(r.Currency)
	return &UKBoxes{
		VATDueSales: tax, VATDueAcquisitions: nothing, TotalVATDue: tax,
		VATReclaimedCurrPeriod: nothing, NetVATDue: tax.Abs(),
		TotalValueSalesExVAT: net.Decimal().Round(0).IntPart(),
	}, nil
}
