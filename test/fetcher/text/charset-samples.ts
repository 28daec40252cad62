/** Pages in the charsets of the web. Their bytes are Python's, so that no decoder of ours has a hand in them. */
export interface Sample {
  readonly charset: string
  readonly text: string
  readonly bytes: Buffer
}

const page = (text: string) =>
  `<html><head><title>${text.slice(0, 12)}</title></head><body><p>${text}</p></body></html>`

const texts = {
  Japanese:
    '吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。',
  Chinese:
    '学而时习之，不亦说乎？有朋自远方来，不亦乐乎？人不知而不愠，不亦君子乎？三人行，必有我师焉。择其善者而从之，其不善者而改之。',
  traditional:
    '學而時習之，不亦說乎？有朋自遠方來，不亦樂乎？人不知而不慍，不亦君子乎？三人行，必有我師焉。擇其善者而從之，其不善者而改之。',
  Korean:
    '나라의 말이 중국과 달라 한자와는 서로 통하지 아니하므로, 어리석은 백성이 말하고자 하는 바가 있어도 마침내 제 뜻을 펴지 못하는 사람이 많다.',
  Russian:
    'Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему. Всё смешалось в доме Облонских.',
  French:
    'Longtemps, je me suis couché de bonne heure. Parfois, à peine ma bougie éteinte, mes yeux se fermaient si vite que je n’avais pas le temps de me dire : « Je m’endors. »',
  Czech:
    'Příliš žluťoučký kůň úpěl ďábelské ódy. Hleď, toť přízračný kůň v mátožné póze šíleně úpí. Nechť již hříšné saxofony ďáblů rozezvučí síň.',
}

const bytes = {
  shift_jis:
    'PGh0bWw+PGhlYWQ+PHRpdGxlPozhlHmCzZRMgsWCoILpgUKWvJFPgs2C3DwvdGl0bGU+PC9oZWFkPjxib2R5PjxwPozhlHmCzZRMgsWCoILpgUKWvJFPgs2C3IK+lrOCooFCgseCsYLFkLaC6oK9gqmCxoLxgsaMqZOWgqqCwoKpgsqBQom9gsWC4JSWiMOCooK2gt+CtoLfgrWCvY+KgsWDaoODgVuDaoODgVuLg4KigsSCooK9jpaCvoKvgs2LTImvgrWCxIKigumBQjwvcD48L2JvZHk+PC9odG1sPg==',
  'euc-jp':
    'PGh0bWw+PGhlYWQ+PHRpdGxlPrjjx9qkz8etpMekoqTroaPMvsGwpM+k3jwvdGl0bGU+PC9oZWFkPjxib2R5PjxwPrjjx9qkz8etpMekoqTroaPMvsGwpM+k3qTAzLWkpKGjpMmks6THwLik7KS/pKukyKTzpMi4q8X2pKykxKSrpMyho7K/pMek4sf2sMWkpKS4pOGkuKThpLekv73qpMely6Xjobyly6Xjoby146SkpMakpKS/u/akwKSxpM+1rbKxpLekxqSkpOuhozwvcD48L2JvZHk+PC9odG1sPg==',
  'iso-2022-jp':
    'PGh0bWw+PGhlYWQ+PHRpdGxlPhskQjhjR1okT0ctJEckIiRrISNMPkEwJE8kXhsoQjwvdGl0bGU+PC9oZWFkPjxib2R5PjxwPhskQjhjR1okT0ctJEckIiRrISNMPkEwJE8kXiRATDUkJCEjJEkkMyRHQDgkbCQ/JCskSCRzJEg4K0V2JCwkRCQrJEwhIzI/JEckYkd2MEUkJCQ4JGEkOCRhJDckPz1qJEclSyVjITwlSyVjITw1YyQkJEYkJCQ/O3YkQCQxJE81LTIxJDckRiQkJGshIxsoQjwvcD48L2JvZHk+PC9odG1sPg==',
  gbk: 'PGh0bWw+PGhlYWQ+PHRpdGxlPtGntvjKsc+w1q6jrLK70uDLtbr1o7/T0DwvdGl0bGU+PC9oZWFkPjxib2R5PjxwPtGntvjKsc+w1q6jrLK70uDLtbr1o7/T0MXz19TUtre9wLSjrLK70uDA1rr1o7/Iy7K71qq2+LK747OjrLK70uC+/dfTuvWjv8j9yMvQ0KOssdjT0M7SyqbRyaGj1PHG5MnG1d+2+LTT1q6jrMbksrvJxtXftvi4xNauoaM8L3A+PC9ib2R5PjwvaHRtbD4=',
  gb18030:
    'PGh0bWw+PGhlYWQ+PHRpdGxlPtGntvjKsc+w1q6jrLK70uDLtbr1o7/T0DwvdGl0bGU+PC9oZWFkPjxib2R5PjxwPtGntvjKsc+w1q6jrLK70uDLtbr1o7/T0MXz19TUtre9wLSjrLK70uDA1rr1o7/Iy7K71qq2+LK747OjrLK70uC+/dfTuvWjv8j9yMvQ0KOssdjT0M7SyqbRyaGj1PHG5MnG1d+2+LTT1q6jrMbksrvJxtXftvi4xNauoaOVNLI1gTnvMTwvcD48L2JvZHk+PC9odG1sPg==',
  big5: 'PGh0bWw+PGhlYWQ+PHRpdGxlPr7HptOuybLfpKehQaSjpee7oaVHoUimszwvdGl0bGU+PC9oZWFkPjxib2R5PjxwPr7HptOuybLfpKehQaSjpee7oaVHoUims6pCptu7t6ToqNOhQaSjpee81qVHoUikSKSjqr6m06Sjt1mhQaSjpeenZ6RspUehSKRUpEim5qFBpbKms6farnayaqFDvtyo5LW9qsym07FxpKehQajkpKO1varMptOn76SnoUM8L3A+PC9ib2R5PjwvaHRtbD4=',
  'euc-kr':
    'PGh0bWw+PGhlYWQ+PHRpdGxlPrOqtvPAxyC4u8DMIMHfsbmw+iC03jwvdGl0bGU+PC9oZWFkPjxib2R5PjxwPrOqtvPAxyC4u8DMIMHfsbmw+iC03rbzIMfRwNq/zbTCILytt84gxevHz8H2IL7GtM/Hz7nHt84sIL7uuK68rsC6ILnpvLrAzCC4u8fPsO3A2iDHz7TCILnZsKEgwNa+7rW1ILi2xKezuyDBpiC25sC7IMbswfYguPjHz7TCILvntvfAzCC4ubTZLjwvcD48L2JvZHk+PC9odG1sPg==',
  'windows-1251':
    'PGh0bWw+PGhlYWQ+PHRpdGxlPsLx5SDx9+Dx8uvo4jwvdGl0bGU+PC9oZWFkPjxib2R5PjxwPsLx5SDx9+Dx8uvo4vvlIPHl7PzoIO/u9e7m6CDk8PPjIO3gIOTw8+PgLCDq4Obk4P8g7eXx9+Dx8uvo4uD/IPHl7Pz/IO3l8ffg8fLr6OLgIO/uLfHi7uXs8y4gwvG4IPHs5fjg6+7x/CDiIOTu7OUgzuHr7u3x6uj1LjwvcD48L2JvZHk+PC9odG1sPg==',
  'koi8-r':
    'PGh0bWw+PGhlYWQ+PHRpdGxlPvfTxSDT3sHT1MzJ1zwvdGl0bGU+PC9oZWFkPjxib2R5PjxwPvfTxSDT3sHT1MzJ19nFINPFzdjJINDPyM/WySDE0tXHIM7BIMTS1cfBLCDLwdbEwdEgzsXT3sHT1MzJ18HRINPFzdjRIM7F097B09TMydfBINDPLdPXz8XN1S4g99OjINPNxdvBzM/T2CDXIMTPzcUg78LMz87Ty8nILjwvcD48L2JvZHk+PC9odG1sPg==',
  'windows-1252':
    'PGh0bWw+PGhlYWQ+PHRpdGxlPkxvbmd0ZW1wcywgajwvdGl0bGU+PC9oZWFkPjxib2R5PjxwPkxvbmd0ZW1wcywgamUgbWUgc3VpcyBjb3VjaOkgZGUgYm9ubmUgaGV1cmUuIFBhcmZvaXMsIOAgcGVpbmUgbWEgYm91Z2llIOl0ZWludGUsIG1lcyB5ZXV4IHNlIGZlcm1haWVudCBzaSB2aXRlIHF1ZSBqZSBukmF2YWlzIHBhcyBsZSB0ZW1wcyBkZSBtZSBkaXJlIDogqyBKZSBtkmVuZG9ycy4guzwvcD48L2JvZHk+PC9odG1sPg==',
  'iso-8859-2':
    'PGh0bWw+PGhlYWQ+PHRpdGxlPlD47WxpuSC+bHW7bzwvdGl0bGU+PC9oZWFkPjxib2R5PjxwPlD47WxpuSC+bHW7b3Xoa/0ga/nyIPpw7Gwg7+FiZWxza+kg82R5LiBIbGXvLCB0b7sgcPjtenJh6G79IGv58iB2IG3hdG++bukgcPN6ZSC57Wxlbuwg+nDtLiBOZWNouyBqab4gaPjtuW7pIHNheG9mb255IO/hYmz5IHJvemV6dnXo7SBz7fIuPC9wPjwvYm9keT48L2h0bWw+',
  'utf-16le':
    'PABoAHQAbQBsAD4APABoAGUAYQBkAD4APAB0AGkAdABsAGUAPgASBEEENQQgAEEERwQwBEEEQgQ7BDgEMgQ8AC8AdABpAHQAbABlAD4APAAvAGgAZQBhAGQAPgA8AGIAbwBkAHkAPgA8AHAAPgASBEEENQQgAEEERwQwBEEEQgQ7BDgEMgRLBDUEIABBBDUEPARMBDgEIAA/BD4ERQQ+BDYEOAQgADQEQARDBDMEIAA9BDAEIAA0BEAEQwQzBDAELAAgADoEMAQ2BDQEMARPBCAAPQQ1BEEERwQwBEEEQgQ7BDgEMgQwBE8EIABBBDUEPARMBE8EIAA9BDUEQQRHBDAEQQRCBDsEOAQyBDAEIAA/BD4ELQBBBDIEPgQ1BDwEQwQuACAAEgRBBFEEIABBBDwENQRIBDAEOwQ+BEEETAQgADIEIAA0BD4EPAQ1BCAAHgQxBDsEPgQ9BEEEOgQ4BEUELgAgAD5UKY9vMCtzZzBCMIswAjANVE1SbzB+MGAwIXFEMAIwaTBTMGcwH3WMMF8wSzBoMJMwaDCLiVNfTDBkMEswbDACMFVPZzCCMISFl2ZEMFgwgTBYMIEwVzBfMEBiZzDLMOMw/DDLMOMw/DDjbEQwZjBEMF8wi05gMFEwbzAYirZhVzBmMEQwizACMDwALwBwAD4APAAvAGIAbwBkAHkAPgA8AC8AaAB0AG0AbAA+AA==',
  'utf-16be':
    'ADwAaAB0AG0AbAA+ADwAaABlAGEAZAA+ADwAdABpAHQAbABlAD4EEgRBBDUAIARBBEcEMARBBEIEOwQ4BDIAPAAvAHQAaQB0AGwAZQA+ADwALwBoAGUAYQBkAD4APABiAG8AZAB5AD4APABwAD4EEgRBBDUAIARBBEcEMARBBEIEOwQ4BDIESwQ1ACAEQQQ1BDwETAQ4ACAEPwQ+BEUEPgQ2BDgAIAQ0BEAEQwQzACAEPQQwACAENARABEMEMwQwACwAIAQ6BDAENgQ0BDAETwAgBD0ENQRBBEcEMARBBEIEOwQ4BDIEMARPACAEQQQ1BDwETARPACAEPQQ1BEEERwQwBEEEQgQ7BDgEMgQwACAEPwQ+AC0EQQQyBD4ENQQ8BEMALgAgBBIEQQRRACAEQQQ8BDUESAQwBDsEPgRBBEwAIAQyACAENAQ+BDwENQAgBB4EMQQ7BD4EPQRBBDoEOARFAC4AIFQ+jykwb3MrMGcwQjCLMAJUDVJNMG8wfjBgcSEwRDACMGkwUzBndR8wjDBfMEswaDCTMGiJi19TMEwwZDBLMGwwAk9VMGcwgoWEZpcwRDBYMIEwWDCBMFcwX2JAMGcwyzDjMPwwyzDjMPxs4zBEMGYwRDBfToswYDBRMG+KGGG2MFcwZjBEMIswAgA8AC8AcAA+ADwALwBiAG8AZAB5AD4APAAvAGgAdABtAGwAPg==',
}

const sample = (charset: keyof typeof bytes, text: string): Sample => ({
  charset,
  text: page(text),
  bytes: Buffer.from(bytes[charset], 'base64'),
})

const both = `${texts.Russian} ${texts.Japanese}`

export const samples: readonly Sample[] = [
  sample('shift_jis', texts.Japanese),
  sample('euc-jp', texts.Japanese),
  sample('iso-2022-jp', texts.Japanese),
  sample('gbk', texts.Chinese),
  sample('gb18030', `${texts.Chinese}𠮷㐂`),
  sample('big5', texts.traditional),
  sample('euc-kr', texts.Korean),
  sample('windows-1251', texts.Russian),
  sample('koi8-r', texts.Russian),
  sample('windows-1252', texts.French),
  sample('iso-8859-2', texts.Czech),
  sample('utf-16le', both),
  sample('utf-16be', both),
]
