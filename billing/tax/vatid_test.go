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

// Numbers of persons and of the less common kinds, published as examples, each with a neighbour that is wrong.
func TestCheckVATIDOfEveryKind(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ kind, valid, wrong string }{
		{"Bulgarian citizen", "BG8032056031", "BG8032056032"},
		{"Bulgarian citizen born after 1999", "BG7542011030", "BG7542011031"},
		{"foreigner in Bulgaria", "BG7111042925", "BG7111042922"},
		{"Bulgarian company with a digit too many", "BG103873594", "BG1037735942"},
		{"Czech birth number", "CZ7103192745", "CZ7103192746"},
		{"Czech birth number with its slash", "CZ 640229/4448", "CZ8058018314"},
		{"Czech birth number before 1954", "CZ991231123", "CZ99123112"},
		{"Czech person without a birth number", "CZ640903926", "CZ640913926"},
		{"Czech company", "CZ60727772", "CZ95123891"},
		{"French key beginning with a letter", "FRK7399859412", "FRL7399859412"},
		{"French key ending with a letter", "FR4Z123456782", "FR4Y123456782"},
		{"French key without I and O", "FR23334175221", "FRIO334175221"},
		{"Monaco", "FR16000063601", "FR17000063601"},
		{"Irish with two letters", "IE6433435IH", "IE6433435IA"},
		{"Irish of the old form", "IE9Y71814N", "IE8D79729I"},
		{"Latvian company", "LV40003189718", "LV40003189715"},
		{"Latvian personal code", "LV16117519997", "LV10103241337"},
		{"Lithuanian of twelve digits", "LT100001354118", "LT100001509922"},
		{"Dutch company", "NL009122746B01", "NL009122746B00"},
		{"Dutch, large suffix", "NL001162938B28", "NL001162938028"},
		{"Romanian of six digits", "RO573768", "RO573769"},
		{"Spanish foundation", "ESQ0818001J", "ESQ0818001A"},
		{"Spanish foreigner", "ESY5277343F", "ESX2322300W"},
		{"Spanish minor", "ESM1234567L", "ESM1234567K"},
		{"Swedish person", "SE390806051401", "SE390806051501"},
		{"Slovak", "SK1078449064", "SK1078449164"},
	} {
		require.NoError(t, tax.CheckVATID(test.valid), test.kind)
		require.Error(t, tax.CheckVATID(test.wrong), test.kind)
	}
	require.NoError(t, tax.CheckVATID("LV32000012345"), "a personal code of today has no check digit")
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
