package tax_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/tax"
)

func TestCheckVATID(t *testing.T) {
	t.Parallel()
	tests := []struct{ valid, wrong string }{
		{"ATU13585627", "ATU13585620"},
		{"BE0428759497", "BE0428759498"},
		{"BG175074752", "BG175074750"},
		{"CY10259033P", "CY10259030P"},
		{"CZ25123891", "CZ25123890"},
		{"DE136695976", "DE136695970"},
		{"DK13585628", "DK13585620"},
		{"EE100931558", "EE100931550"},
		{"EL094259216", "EL094259210"},
		{"ESB58378431", "ESB58378430"},
		{"ES54362315K", "ES54362315A"},
		{"ESX2482300W", "ESX2482300A"},
		{"FI20774740", "FI20774700"},
		{"FR40303265045", "FR41303265045"},
		{"FR83404833048", "FR83404833047"},
		{"GB980780684", "GB980780685"},
		{"GBGD001", "GBGD500"},
		{"GBHA500", "GBHA499"},
		{"XI980780684", "XI980780685"},
		{"HR33392005961", "HR33392005962"},
		{"HU12892312", "HU12892310"},
		{"IE6433435F", "IE6433435E"},
		{"IE6433435OA", "IE6433435FA"},
		{"IE8D79739I", "IE8D79739J"},
		{"IT00743110157", "IT00743110150"},
		{"LT119511515", "LT119511510"},
		{"LT100001919017", "LT100001919018"},
		{"LU15027442", "LU15027443"},
		{"LV40003521600", "LV40003521601"},
		{"MT11679112", "MT11679110"},
		{"NL004495445B01", "NL123456789B90"},
		{"NL002455799B11", "NL002455798B11"},
		{"PL8567346215", "PL8567346210"},
		{"PT501964843", "PT501964842"},
		{"RO18547290", "RO18547200"},
		{"SE123456789701", "SE123456789700"},
		{"SI50223054", "SI50223050"},
		{"SK2022749619", "SK2022749618"},
		{"de 136.695-976", "DE13669597"},
		{"BG7523169263", "BG75231692"},
	}
	for _, tc := range tests {
		t.Run(tc.valid, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, tax.CheckVATID(tc.valid))
			require.Error(t, tax.CheckVATID(tc.wrong))
		})
	}
}

func TestCheckVATIDSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, tax.CheckVATID(""), "prefix")
	require.ErrorContains(t, tax.CheckVATID("US123456789"), "prefix")
	require.ErrorContains(t, tax.CheckVATID("DE12"), "form")
	require.ErrorContains(t, tax.CheckVATID("DE136695970"), "check digits")
}

func FuzzCheckVATID(f *testing.F) {
	for _, seed := range []string{"", "DE", "ATU13585627", "IE8+79739I", "NL004495445B01", "ESX2482300W", "GBHA500", "RO18", "FRÉ1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if tax.CheckVATID(id) == nil {
			require.NoError(t, tax.CheckVATID(tax.NormaliseVATID(id)))
		}
	})
}
