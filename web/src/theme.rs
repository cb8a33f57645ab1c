//! Light, dark and high contrast: what was chosen, what the system asks for, and what is shown.

use gloo::events::EventListener;
use web_sys::MediaQueryList;
use yew::prelude::*;

use crate::store::persist;

/// A choice of theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    /// As the system asks.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// Black and white, with strokes of two pixels; dark where the system is.
    Contrast,
}

impl Choice {
    /// All of them, in the order of the menu.
    pub(crate) const ALL: [Choice; 4] = [Choice::System, Choice::Light, Choice::Dark, Choice::Contrast];

    /// Its word, in the style sheet and where it is kept.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Choice::System => "system",
            Choice::Light => "light",
            Choice::Dark => "dark",
            Choice::Contrast => "contrast",
        }
    }

    /// Its name in the menu.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Choice::System => "System",
            Choice::Light => "Light",
            Choice::Dark => "Dark",
            Choice::Contrast => "High contrast",
        }
    }

    /// The choice of a word.
    pub(crate) fn of(word: &str) -> Choice {
        Choice::ALL.into_iter().find(|choice| choice.word() == word).unwrap_or_default()
    }
}

/// What the system asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct System {
    dark: bool,
    contrast: bool,
    forced: bool,
}

const QUERIES: [&str; 3] = ["(prefers-color-scheme: dark)", "(prefers-contrast: more)", "(forced-colors: active)"];

/// What the browser says about a media query, now and when that changes.
fn media(query: &str) -> Option<MediaQueryList> {
    web_sys::window()?.match_media(query).ok().flatten()
}

/// Whether it holds now.
pub(crate) fn holds(query: &str) -> bool {
    media(query).is_some_and(|list| list.matches())
}

/// Whether a media query holds.
#[hook]
pub(crate) fn use_media(query: &'static str) -> bool {
    let now = use_state_eq(|| holds(query));
    let setter = now.setter();
    use_effect_with((), move |()| {
        let listener = media(query).map(|list| EventListener::new(&list, "change", move |_| setter.set(holds(query))));
        move || drop(listener)
    });
    *now
}

impl System {
    fn now() -> System {
        let [dark, contrast, forced] = QUERIES.map(holds);
        System { dark, contrast, forced }
    }

    /// The theme that a choice comes to, whether it is light on dark, and a name that differs wherever its colours do.
    fn shown(self, choice: Choice) -> (Choice, bool, String) {
        let theme = match choice {
            Choice::System if self.contrast || self.forced => Choice::Contrast,
            Choice::System if self.dark => Choice::Dark,
            Choice::System => Choice::Light,
            chosen => chosen,
        };
        let dark = theme == Choice::Dark || (theme == Choice::Contrast && self.dark);
        let name = format!("{}{}{}", theme.word(), if dark { " dark" } else { "" }, if self.forced { " forced" } else { "" });
        (theme, dark, name)
    }
}

/// The choice, a name for what is shown, by which pictures know that they must be drawn again, and how to choose.
#[hook]
pub(crate) fn use_theme() -> (Choice, AttrValue, Callback<Choice>) {
    let choice = use_state(|| persist::theme().map_or(Choice::System, |word| Choice::of(&word)));
    let system = use_state_eq(System::now);
    {
        let system = system.setter();
        use_effect_with((), move |()| {
            let listeners: Vec<EventListener> = QUERIES
                .into_iter()
                .filter_map(media)
                .map(|list| {
                    let system = system.clone();
                    EventListener::new(&list, "change", move |_| system.set(System::now()))
                })
                .collect();
            move || drop(listeners)
        });
    }
    let (theme, dark, name) = system.shown(*choice);
    // Before anything of this rendering reads colours.
    if let Some(root) = web_sys::window().and_then(|w| w.document()).and_then(|d| d.document_element()) {
        if root.get_attribute("data-theme").as_deref() != Some(theme.word()) {
            let _ = root.set_attribute("data-theme", theme.word());
        }
        let _ = root.toggle_attribute_with_force("data-dark", dark);
    }
    let set = {
        let choice = choice.setter();
        Callback::from(move |chosen: Choice| {
            persist::keep_theme((chosen != Choice::System).then_some(chosen.word()));
            choice.set(chosen);
        })
    };
    (*choice, name.into(), set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_decides_only_where_nobody_else_did() {
        let shown = |dark, contrast, forced, choice| System { dark, contrast, forced }.shown(choice).0;
        assert_eq!(shown(true, false, false, Choice::System), Choice::Dark);
        assert_eq!(shown(true, true, false, Choice::System), Choice::Contrast);
        assert_eq!(shown(false, false, true, Choice::System), Choice::Contrast);
        assert_eq!(shown(true, true, true, Choice::Light), Choice::Light);
    }

    #[test]
    fn high_contrast_is_dark_where_the_system_is() {
        let dark = |dark, choice| System { dark, contrast: false, forced: false }.shown(choice).1;
        assert!(dark(true, Choice::Contrast) && dark(false, Choice::Dark) && dark(true, Choice::System));
        assert!(!dark(false, Choice::Contrast) && !dark(true, Choice::Light) && !dark(false, Choice::System));
    }

    #[test]
    fn another_name_wherever_the_colours_differ() {
        let name = |dark, forced, choice| System { dark, contrast: false, forced }.shown(choice).2;
        assert_ne!(name(true, false, Choice::Contrast), name(false, false, Choice::Contrast));
        assert_ne!(name(true, false, Choice::Light), name(true, true, Choice::Light));
        assert_eq!(name(true, false, Choice::Light), name(false, false, Choice::Light));
    }
}
